// Runs a picture through a mesh: enlarges it, cuts the object out, and saves both results.
//
//	clients/go/generate.sh && cd examples/go && go run . ../portrait-object.jpg ../../out/go
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	pixelmesh "github.com/pixelmesh/pixelmesh/clients/go"
	commonv1 "github.com/pixelmesh/pixelmesh/clients/go/common/v1"
	jobsv1 "github.com/pixelmesh/pixelmesh/clients/go/jobs/v1"
	pipelinev1 "github.com/pixelmesh/pixelmesh/clients/go/pipeline/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

const chunkBytes = 1 << 20

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "Expected a picture and a folder, as in: go run . photo.jpg out")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, describe(err))
		os.Exit(1)
	}
}

func run(picture, folder string) error {
	address := os.Getenv("PIXELMESH_ADDRESS")
	if address == "" {
		address = "127.0.0.1:7400"
	}
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(pixelmesh.ServiceConfig))
	if err != nil {
		return err
	}
	defer connection.Close()
	jobs := jobsv1.NewJobServiceClient(connection)
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()

	created, err := create(ctx, jobs, picture)
	if err != nil {
		return err
	}
	job, err := follow(ctx, jobs, created.Id)
	if err != nil {
		return err
	}
	if job.State != jobsv1.JobState_JOB_STATE_SUCCEEDED {
		return fmt.Errorf("job %s: %s: %s", job.Id, job.Error.GetReason(), job.Error.GetMessage())
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for _, output := range job.Outputs {
		path := filepath.Join(folder, output.Name+".png")
		if err := download(ctx, jobs, job.Id, output.Name, path); err != nil {
			return err
		}
		fmt.Printf("%s  %d×%d\n", path, output.WidthPx, output.HeightPx)
	}
	return nil
}

// pipeline enlarges the picture, then cuts the object out of the result.
func pipeline() *pipelinev1.Pipeline {
	png := &commonv1.Encoding{Format: commonv1.ImageFormat_IMAGE_FORMAT_PNG}
	return &pipelinev1.Pipeline{
		Steps: []*pipelinev1.Step{
			{Id: "large", Operation: &pipelinev1.Step_Upscale{Upscale: &pipelinev1.UpscaleOperation{Scale: 2}}},
			{Id: "cutout", Operation: &pipelinev1.Step_RemoveBackground{RemoveBackground: &pipelinev1.RemoveBackgroundOperation{}}},
		},
		Outputs: []*pipelinev1.Output{
			{Name: "large", Step: "large", Encoding: png},
			{Name: "cutout", Step: "cutout", Encoding: png},
		},
	}
}

// create uploads the picture and returns once the job is durable. With the same request id it could be repeated safely.
func create(ctx context.Context, jobs jobsv1.JobServiceClient, path string) (*jobsv1.Job, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	stream, err := jobs.CreateJob(ctx)
	if err != nil {
		return nil, err
	}
	send := func(request *jobsv1.CreateJobRequest) {
		// A failed send ends with io.EOF: the status comes from CloseAndRecv.
		_ = stream.Send(request)
	}
	header := &jobsv1.CreateJobHeader{Pipeline: pipeline(), RequestId: rand.Text()}
	send(&jobsv1.CreateJobRequest{Part: &jobsv1.CreateJobRequest_Header{Header: header}})
	send(&jobsv1.CreateJobRequest{Part: &jobsv1.CreateJobRequest_Upload{Upload: &jobsv1.Upload{Name: "source"}}})
	for chunk := make([]byte, chunkBytes); ; {
		n, err := io.ReadFull(file, chunk)
		if n > 0 {
			send(&jobsv1.CreateJobRequest{Part: &jobsv1.CreateJobRequest_Chunk{Chunk: chunk[:n]}})
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	send(&jobsv1.CreateJobRequest{Part: &jobsv1.CreateJobRequest_End{End: &commonv1.UploadEnd{}}})
	return stream.CloseAndRecv()
}

// follow prints the progress of a job and returns it once it has ended.
func follow(ctx context.Context, jobs jobsv1.JobServiceClient, id string) (*jobsv1.Job, error) {
	stream, err := jobs.WatchJob(ctx, &jobsv1.WatchJobRequest{JobId: id})
	if err != nil {
		return nil, err
	}
	var last *jobsv1.Job
	for {
		job, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return last, nil
		}
		if err != nil {
			return nil, err
		}
		fmt.Printf("%3.0f %%\n", job.Progress*100)
		last = job
	}
}

func download(ctx context.Context, jobs jobsv1.JobServiceClient, id, output, path string) error {
	stream, err := jobs.DownloadOutput(ctx, &jobsv1.DownloadOutputRequest{JobId: id, Output: output})
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return file.Close()
		}
		if err != nil {
			return err
		}
		if _, err := file.Write(response.GetChunk()); err != nil {
			return err
		}
	}
}

// describe adds the mesh's reason to a failed call.
func describe(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return fmt.Sprintf("%s: %s", info.Reason, status.Convert(err).Message())
		}
	}
	return err.Error()
}
