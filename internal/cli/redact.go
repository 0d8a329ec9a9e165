package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/internal/redact"
)

func (a *app) redactCommand() *cobra.Command {
	var secrets, vars string
	var hideIPs bool
	cmd := &cobra.Command{
		Use:   "redact",
		Short: "Take secrets out of a text, as deployment logs do",
		Long: `Copies standard input to standard output and puts ` + redact.Mask + ` in the place of
every secret, with the same code that stands in front of every deployment log. What is
safe is written as it comes; what may still become a secret is held back.`,
		Example: `  echo '["hunter2-hunter2"]' > secrets.json
  make deploy 2>&1 | taffrail redact --secrets secrets.json`,
		Args: exactly(),
		RunE: func(*cobra.Command, []string) error {
			options := redact.Options{HidePrivateIPs: hideIPs}
			var values []string
			if err := readJSON(secrets, "a JSON array of strings", &values); err != nil {
				return err
			}
			for _, v := range values {
				options.Secrets = append(options.Secrets, redact.Value{Value: v})
			}
			if err := readJSON(vars, "a JSON object of name and value", &options.Vars); err != nil {
				return err
			}
			return redactStream(a.Out, a.In, redact.Compile(options))
		},
	}
	cmd.Flags().StringVar(&secrets, "secrets", "", "file with a JSON array of secret values")
	cmd.Flags().StringVar(&vars, "vars", "", "file with a JSON object: name of a variable, then its value")
	cmd.Flags().BoolVar(&hideIPs, "hide-private-ips", false, "take out private addresses too")
	return cmd
}

func redactStream(dst io.Writer, src io.Reader, set *redact.Set) error {
	w := set.NewWriter(dst)
	if _, err := io.Copy(w, src); err != nil {
		return err
	}
	return w.Flush()
}

// readJSON reads a file into value; no path, nothing to read.
func readJSON(path, what string, value any) error {
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		// The cause is left out: it may quote a secret.
		return fmt.Errorf("%s must hold %s", path, what)
	}
	return nil
}
