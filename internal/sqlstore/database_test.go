package sqlstore_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// storedText is how settings lie in databases that are in use. It may get more names,
// and none may change.
const storedText = `{"fields":{"postgres_conf":"","postgres_password":"cP93"},
	"scripts":[{"filename":"01.sql","content":"U0VMRUNUIDE7"}],
	"settings":{"Public":{"Enabled":false,"Port":0,"Timeout":60,"Allow":["10.0.0.0/8"]},
	"EnableSSL":false,"SSLMode":"require","PortsMappings":"1:2","DockerOptions":"--init",
	"Limits":{"Memory":"1g","MemorySwap":"2g","MemoryReservation":"3g","MemorySwappiness":4,"CPUs":"5","CPUSet":"6","CPUShares":7},
	"Health":{"Enabled":true,"Interval":1,"Timeout":2,"Retries":3,"StartPeriod":4},"InitScripts":null}}`

func TestStoredSettings(t *testing.T) {
	t.Parallel()
	want := core.Database{
		Fields: map[string]core.Secret{"postgres_password": core.NewSecret("p\xffw"), "postgres_conf": {}},
		Settings: core.DatabaseSettings{
			Public:  core.Public{Timeout: 60, Allow: []string{"10.0.0.0/8"}},
			SSLMode: "require", PortsMappings: "1:2", DockerOptions: "--init",
			Limits:      core.Limits{Memory: "1g", MemorySwap: "2g", MemoryReservation: "3g", MemorySwappiness: 4, CPUs: "5", CPUSet: "6", CPUShares: 7},
			Health:      core.HealthCheck{Enabled: true, Interval: 1, Timeout: 2, Retries: 3, StartPeriod: 4},
			InitScripts: []core.InitScript{{Filename: "01.sql", Content: "SELECT 1;"}},
		},
	}
	reveal := cmp.Comparer(func(a, b core.Secret) bool { return a.Reveal() == b.Reveal() })
	var got core.Database
	if err := sqlstore.OpenSettings(&got, core.NewSecret(storedText)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, reveal); diff != "" {
		t.Errorf("settings as read (-want +got):\n%s", diff)
	}
	// What has columns of its own is not in the text, where it could say something else.
	want.Settings.EnableSSL, want.Settings.Public.Enabled, want.Settings.Public.Port = true, true, 5000
	text, err := sqlstore.CloseSettings(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.NewReplacer("\n", "", "\t", "").Replace(storedText), text.Reveal()); diff != "" {
		t.Errorf("settings as stored (-want +got):\n%s", diff)
	}
	if err := sqlstore.OpenSettings(&got, core.NewSecret("{")); err == nil {
		t.Error("half a text was read")
	}
}
