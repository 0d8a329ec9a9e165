package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taffrail/taffrail/client"
)

// remote makes the client of the controller that this invocation is about.
func (a *app) remote() (*client.Client, error) { return a.remoteAs("taffrail-cli") }

// remoteAs makes one that says what it is.
func (a *app) remoteAs(agent string) (*client.Client, error) {
	to, err := a.contact()
	if err != nil {
		return nil, err
	}
	return client.New(to.URL, to.Token, client.WithUserAgent(agent+"/"+a.Version))
}

// do makes a command's body of a function that needs the controller.
func (a *app) do(f func(ctx context.Context, c *client.Client, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := a.remote()
		if err != nil {
			return err
		}
		return f(cmd.Context(), c, args)
	}
}

// named is something that a person may point at by name or uuid.
type named struct{ uuid, name, hint string }

// pick finds what a person means. A uuid wins over a name; a name that several things
// have is refused, with all of them listed.
func pick(what, word string, list []named) (named, error) {
	var same []named
	for _, n := range list {
		if n.uuid == word {
			return n, nil
		}
		if n.name == word {
			same = append(same, n)
		}
	}
	switch len(same) {
	case 1:
		return same[0], nil
	case 0:
		return named{}, fmt.Errorf("there is no %s %q%s", what, word, known(list))
	}
	lines := make([]string, len(same))
	for i, n := range same {
		lines[i] = fmt.Sprintf("\n  %s  %s", n.uuid, n.hint)
	}
	return named{}, fmt.Errorf("%d of your %ss are called %q; use the uuid of one:%s", len(same), what, word, strings.Join(lines, ""))
}

// known lists a few names, to help with a slip of the fingers.
func known(list []named) string {
	if len(list) == 0 {
		return "; there are none yet"
	}
	const most = 10
	names := make([]string, 0, most)
	for _, n := range list {
		if len(names) == most {
			names = append(names, "…")
			break
		}
		names = append(names, n.name)
	}
	return "; there are: " + strings.Join(names, ", ")
}

func collect[T any](list []T, one func(T) named) []named {
	out := make([]named, len(list))
	for i, item := range list {
		out[i] = one(item)
	}
	return out
}
