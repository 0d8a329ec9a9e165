package cli

import (
	"runtime"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/api"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the version of this program", Args: exactly(),
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version string `json:"version"`
				API     string `json:"api"`
				Go      string `json:"go"`
				System  string `json:"system"`
			}{a.Version, api.Version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			return a.print(v, func() table {
				return table{
					rows:  [][]string{{"taffrail", v.Version}, {"api", v.API}, {"go", v.Go}, {"system", v.System}},
					names: []string{v.Version},
				}
			})
		},
	}
}
