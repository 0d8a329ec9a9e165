package server

import (
	"testing"

	"github.com/taffrail/taffrail/internal/core"
)

// TestBucketsAreNotThisMachine: names count by what they stand for.
func TestBucketsAreNotThisMachine(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]core.Code{
		"http://localhost:9":        core.CodeBadRequest,
		"http://127.0.0.1:9":        core.CodeBadRequest,
		"http://127.9.9.9:9":        core.CodeBadRequest,
		"http://[::1]:9":            core.CodeBadRequest,
		"http://[::ffff:127.0.0.1]": core.CodeBadRequest,
		"http://0.0.0.0:9":          core.CodeBadRequest,
		"http://no.such.invalid":    core.CodeUnavailable,
		"http://192.0.2.1":          "",
		"http://10.0.0.1:9000":      "",
	} {
		s := core.S3Storage{Endpoint: endpoint, Bucket: "dumps"}
		if err := (buckets{}).permitted(t.Context(), s, false); core.CodeOf(err) != want {
			t.Errorf("%s: %v, want %q", endpoint, err, want)
		}
		if err := (buckets{}).permitted(t.Context(), s, true); err != nil {
			t.Errorf("%s with the right to use the host: %v", endpoint, err)
		}
	}
	s := core.S3Storage{Endpoint: "http://localhost:9", Bucket: "dumps"}
	for what, err := range map[string]error{
		"probe": buckets{}.Probe(t.Context(), s, false), "deletion": buckets{}.DeleteObject(t.Context(), s, core.Backup{}, false),
	} {
		if core.CodeOf(err) != core.CodeBadRequest {
			t.Errorf("%s: %v", what, err)
		}
	}
}
