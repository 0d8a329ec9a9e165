package config

import (
	"fmt"
	"io"
	"strings"
)

const head = `# Configuration

What ` + "`taffrail server`" + ` can be told: a flag wins over the environment, the environment over the file
that ` + "`--config`" + ` (` + "`TAFFRAIL_CONFIG`" + `) names, which has lines ` + "`name = value`" + `, names as the flags
without the dashes. ` + "`token create`" + ` and ` + "`doctor`" + ` know the options about data, database and key.

`

// WriteMarkdown writes the page of the documentation that lists the options.
func WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString(head + "| flag | environment | default | meaning |\n|---|---|---|---|\n")
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
