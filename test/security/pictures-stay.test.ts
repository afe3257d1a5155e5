import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "@pixelmesh/client";
import { jobRoles } from "@pixelmesh/roles";
import { drawTestFrame, startTestMesh } from "@pixelmesh/testing";
import sharp from "sharp";
import { expect, test } from "vitest";
import { startFakeProvider } from "../../services/remote/test/fake-provider/start-fake-provider.ts";

test("where pictures may not leave the mesh, hosted models are refused before any work, and features use their local way", async () => {
  await using fake = await startFakeProvider();
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-stay-"));
  const path = join(dir, "hosted-models.json");
  const hosts = { resultHosts: [fake.filesHost], privateHosts: [fake.host, fake.filesHost] };
  const provider = { name: "fake", kind: "replicate", baseUrl: `${fake.url}/v1`, ...hosts };
  const model = {
    name: "artist",
    provider: "fake",
    version: "owner/artist:v1",
    class: "light",
    timeout: "30s",
    price: { perCall: 0.01 },
    capabilities: ["comic", "style"],
    picture: { as: "data_uri", format: "png" },
    input: { image: "{{picture}}" },
  };
  await writeFile(path, JSON.stringify({ version: 1, currency: "EUR", providers: [provider], models: [model] }));
  try {
    await using mesh = await startTestMesh({
      services: [...jobRoles, "remote"],
      env: { PIXELMESH_REMOTE_MANIFEST: path, PIXELMESH_REMOTE_ALLOWED: "false" },
    });
    const { client } = mesh;
    const { data } = drawTestFrame(48, 32);
    const png = await sharp(data, { raw: { width: 48, height: 32, channels: 3 } })
      .png()
      .toBuffer();
    const refused = expect.objectContaining({ reason: "REMOTE_NOT_ALLOWED" });
    await expect(client.run(pipeline().remoteModel("artist"), png)).rejects.toEqual(refused);
    await expect(client.runFeature("style", png)).rejects.toEqual(refused);
    await expect(client.estimateCost({ feature: "style" })).rejects.toEqual(refused);
    const styled = (await client.features()).find(({ name }) => name === "style");
    expect(styled).toMatchObject({ available: false });
    expect(styled?.unavailableReason).toContain("PIXELMESH_REMOTE_ALLOWED");

    const { job } = await client.runFeature({ name: "comic", settings: { prefer: "hosted" } }, png);
    expect(job.steps.map(({ operation }) => operation)).toEqual(["prescale", "apply_effects"]);
    expect(job.notices).toContainEqual({
      stepId: "",
      kind: "local_way",
      text: expect.stringContaining("PIXELMESH_REMOTE_ALLOWED"),
    });
    expect(await fake.control.requests()).toEqual([]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
