package core_test

import (
	"testing"

	"github.com/taffrail/taffrail/internal/core"
)

func TestPickBuilder(t *testing.T) {
	t.Parallel()
	server := func(row int64, builds, usable bool) core.Server {
		return core.Server{RowID: row, Settings: core.ServerSettings{IsBuildServer: builds}, Facts: core.ServerFacts{Usable: usable}}
	}
	a, b, plain, broken := server(3, true, true), server(4, true, true), server(1, false, true), server(2, true, false)
	for name, c := range map[string]struct {
		servers []core.Server
		app     core.Application
		want    int64
	}{
		"none":             {[]core.Server{plain, broken}, core.Application{RowID: 1}, 0},
		"one":              {[]core.Server{plain, broken, a}, core.Application{RowID: 8, ServerID: 1}, 3},
		"by turns":         {[]core.Server{a, b}, core.Application{RowID: 8, ServerID: 1}, 3},
		"and the next":     {[]core.Server{a, b}, core.Application{RowID: 9, ServerID: 1}, 4},
		"its own":          {[]core.Server{a, b}, core.Application{RowID: 8, ServerID: 4}, 4},
		"its own, no more": {[]core.Server{a, broken}, core.Application{RowID: 9, ServerID: 2}, 3},
	} {
		got, found := core.PickBuilder(c.servers, c.app)
		if got.RowID != c.want || found != (c.want != 0) {
			t.Errorf("%s: %d %t, want %d", name, got.RowID, found, c.want)
		}
	}
}
