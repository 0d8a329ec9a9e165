package config

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the table of options for the documentation.
func WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| flag | environment | default | meaning |\n|---|---|---|---|\n")
	for _, o := range Options() {
		def := o.Default
		if def != "" {
			def = "`" + def + "`"
		}
		fmt.Fprintf(&b, "| `--%s %s` | `%s` | %s | %s |\n", o.Name, o.Value, o.Env(), def, o.Help)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
