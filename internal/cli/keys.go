package cli

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func (a *app) keysCommand() *cobra.Command {
	return group("keys", "SSH keys to log in to servers with",
		a.keysList(), a.keysAdd(), a.keysGenerate(), a.keysDelete())
}

func (a *app) keysList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the keys", Args: exactly(),
		RunE: a.do(func(ctx context.Context, c *client.Client, _ []string) error {
			list, err := c.ListKeys(ctx)
			if err != nil {
				return err
			}
			for i := range list {
				list[i].PrivateKey = nil // whoever may read it gets it by the API, not in a list
			}
			return a.print(list, func() table {
				view := table{head: []string{"NAME", "FINGERPRINT", "UUID"}}
				for _, k := range list {
					view.rows = append(view.rows, []string{k.Name, k.Fingerprint, k.UUID})
					view.names = append(view.names, k.Name)
				}
				return view
			})
		}),
	}
}

func (a *app) keysAdd() *cobra.Command {
	return &cobra.Command{
		Use: "add NAME FILE", Short: "Add a private key; '-' reads it from standard input",
		Example: "  taffrail keys add deploy ~/.ssh/id_ed25519",
		Args:    exactly("NAME", "FILE"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			text, err := a.readFile(args[1])
			if err != nil {
				return err
			}
			made, err := c.CreateKey(ctx, api.KeyCreate{Name: args[0], PrivateKey: string(text)})
			if err != nil {
				return err
			}
			return a.printMade(made, args[0])
		}),
	}
}

func (a *app) keysGenerate() *cobra.Command {
	return &cobra.Command{
		Use: "generate NAME", Short: "Make a new key and print its public half",
		Long: `Makes an Ed25519 key, hands the private half to the controller and prints the public
half: append it to ~/.ssh/authorized_keys on the servers.`,
		Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			private, public, err := generateKey(args[0])
			if err != nil {
				return err
			}
			made, err := c.CreateKey(ctx, api.KeyCreate{Name: args[0], PrivateKey: private})
			if err != nil {
				return err
			}
			value := struct {
				UUID      string `json:"uuid"`
				PublicKey string `json:"public_key"`
			}{made.UUID, public}
			return a.print(value, func() table { return table{rows: [][]string{{public}}, names: args[:1]} })
		}),
	}
}

// generateKey returns a new key as PEM, and its line for authorized_keys.
func generateKey(comment string) (private, public string, err error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", "", err
	}
	block, err := ssh.MarshalPrivateKey(priv, comment)
	if err != nil {
		return "", "", err
	}
	sshPub, err := ssh.NewPublicKey(pub)
	if err != nil {
		return "", "", err
	}
	line := ssh.MarshalAuthorizedKey(sshPub)
	return string(pem.EncodeToMemory(block)), string(line[:len(line)-1]) + " " + comment, nil
}

func (a *app) keysDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME", Aliases: []string{"rm"}, Short: "Delete a key that no server uses", Args: exactly("NAME"),
		RunE: a.do(func(ctx context.Context, c *client.Client, args []string) error {
			uuid, err := keyUUID(ctx, c, args[0])
			if err != nil {
				return err
			}
			return a.message(c.DeleteKey(ctx, uuid))
		}),
	}
}

// printMade shows the uuid of something new.
func (a *app) printMade(made api.UUID, name string) error {
	return a.print(made, func() table { return table{rows: [][]string{{made.UUID}}, names: []string{name}} })
}

// readFile reads a file, or standard input for "-".
func (a *app) readFile(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(a.In)
	}
	return os.ReadFile(path)
}

func keyUUID(ctx context.Context, c *client.Client, word string) (string, error) {
	list, err := c.ListKeys(ctx)
	if err != nil {
		return "", err
	}
	n, err := pick("key", word, collect(list, func(k api.PrivateKey) named { return named{k.UUID, k.Name, k.Fingerprint} }))
	return n.uuid, err
}
