// Package pixelmesh has what Go clients of a mesh share besides the generated contracts.
package pixelmesh

import _ "embed"

// ServiceConfig is the gRPC service configuration with retries of idempotent calls, for grpc.WithDefaultServiceConfig.
//
//go:embed service-config.json
var ServiceConfig string
