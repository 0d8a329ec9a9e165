package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"
)

// table is what people see of a list.
type table struct {
	head  []string
	rows  [][]string
	names []string // what -o name prints, one per row
}

func (a *app) checkOutput(cmd *cobra.Command) error {
	if !slices.Contains([]string{"table", "json", "yaml", "name"}, a.output) {
		return usage(cmd, "--output must be table, json, yaml or name, not %q.", a.output)
	}
	return nil
}

// print shows value in the form that was asked for; view is made only when it is needed.
func (a *app) print(value any, view func() table) error {
	switch a.output {
	case "json":
		return writeJSON(a.Out, value)
	case "yaml":
		return writeYAML(a.Out, value)
	case "name":
		return writeNames(a.Out, view().names)
	}
	return view().write(a.Out)
}

func writeJSON(w io.Writer, value any) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(value)
}

// writeYAML goes through JSON, so that both forms have the same names.
func writeYAML(w io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		return err
	}
	out, err := yaml.Marshal(plain)
	if err != nil {
		return err
	}
	_, err = w.Write(out)
	return err
}

func writeNames(w io.Writer, names []string) error {
	for _, name := range names {
		if _, err := fmt.Fprintln(w, clean(name)); err != nil {
			return err
		}
	}
	return nil
}

func (t table) write(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(t.head) > 0 {
		fmt.Fprintln(out, strings.Join(t.head, "\t"))
	}
	for _, row := range t.rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = strings.ReplaceAll(clean(cell), "\t", " ")
		}
		fmt.Fprintln(out, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	return out.Flush()
}

// say tells a person something beside the result.
func (a *app) say(format string, args ...any) {
	fmt.Fprintln(a.Err, clean(fmt.Sprintf(format, args...)))
}

// text returns what p points to, or "".
func text[T any](p *T) string {
	if p == nil {
		return ""
	}
	return fmt.Sprint(*p)
}
