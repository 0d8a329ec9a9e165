package engine_test

import (
	"testing"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

func TestSmoke(t *testing.T) {
	for _, s := range engine.All() {
		db := core.Database{UUID: "abcdefghijklmnopqrstuvwx", Image: s.Image, Fields: s.Defaults(), Settings: core.DatabaseSettings{Limits: core.DefaultLimits(), Health: core.DefaultHealthCheck(), EnableSSL: true,
			Public: core.Public{Enabled: true, Port: 15432, Timeout: 3600, Allow: []string{"10.0.0.0/8", "::1"}}}}
		out, err := s.Render(engine.Input{Database: db, Network: "net", Dir: "/data/x", CA: core.Certificate{Cert: "CA\n"}, Leaf: core.Certificate{Cert: "CERT\n", Key: core.NewSecret("KEY\n")}})
		if err != nil {
			t.Errorf("%s: %v %v", s.Name, err, err.(*core.Error).Fields)
			continue
		}
		text, err := compose.Render(out.Compose)
		t.Log(text, err, s.InternalURL(db), s.ExternalURL(db, "1.2.3.4"), s.Reload(db))
		for _, f := range out.Files {
			t.Logf("--- %s %o\n%s", f.Path, f.Mode, f.Content)
		}
		for _, names := range [][]string{nil, {"a"}, {"a", "b"}} {
			d, err := s.Dump(db, names, false)
			t.Logf("%+v %v", d, err)
		}
		d, err := s.Dump(db, nil, true)
		t.Logf("%+v %v", d, err)
	}
}
