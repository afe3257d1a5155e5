/** An A100 with two MIG instances in the output of `nvidia-smi -L`. */
export const migList = `GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)
  MIG 1g.5gb      Device  0: (UUID: MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f)
  MIG 3g.20gb     Device  1: (UUID: MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb)
`;

/** The same GPU in `nvidia-smi -q -x`, shortened to the relevant elements. */
export const migXml = `<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log>
	<attached_gpus>1</attached_gpus>
	<gpu id="00000000:36:00.0">
		<product_name>NVIDIA A100-SXM4-40GB</product_name>
		<mig_mode>
			<current_mig>Enabled</current_mig>
			<pending_mig>Enabled</pending_mig>
		</mig_mode>
		<mig_devices>
			<mig_device>
				<index>0</index>
				<gpu_instance_id>9</gpu_instance_id>
				<compute_instance_id>0</compute_instance_id>
				<device_attributes><shared><multiprocessor_count>14</multiprocessor_count></shared></device_attributes>
				<fb_memory_usage>
					<total>4864 MiB</total>
					<reserved>0 MiB</reserved>
					<used>12 MiB</used>
					<free>4851 MiB</free>
				</fb_memory_usage>
				<bar1_memory_usage><total>8191 MiB</total><used>0 MiB</used><free>8191 MiB</free></bar1_memory_usage>
			</mig_device>
			<mig_device>
				<index>1</index>
				<gpu_instance_id>2</gpu_instance_id>
				<compute_instance_id>0</compute_instance_id>
				<fb_memory_usage>
					<total>19968 MiB</total>
					<reserved>0 MiB</reserved>
					<used>1025 MiB</used>
					<free>18943 MiB</free>
				</fb_memory_usage>
			</mig_device>
		</mig_devices>
		<uuid>GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77</uuid>
		<fb_memory_usage>
			<total>Insufficient Permissions</total>
			<used>Insufficient Permissions</used>
			<free>Insufficient Permissions</free>
		</fb_memory_usage>
		<processes>
			<process_info>
				<gpu_instance_id>2</gpu_instance_id>
				<compute_instance_id>0</compute_instance_id>
				<pid>4711</pid>
				<type>C</type>
				<process_name>node</process_name>
				<used_memory>1000 MiB</used_memory>
			</process_info>
		</processes>
	</gpu>
</nvidia_smi_log>
`;
