package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// defaultURL is where a controller listens when nobody says otherwise.
const defaultURL = "http://127.0.0.1:8000"

func (a *app) contextCommand() *cobra.Command {
	return group("context", "Controllers this command line knows, with their tokens",
		a.contextAdd(), a.contextList(), a.contextUse(), a.contextDelete())
}

func (a *app) contextAdd() *cobra.Command {
	return &cobra.Command{
		Use: "add NAME", Short: "Keep --url and --token under a name, and use them from now on",
		Example: "  taffrail context add home --url https://deploy.example.org --token '3|…'",
		Args:    exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := a.readContexts()
			if err != nil {
				return err
			}
			to := contact{URL: a.url, Token: a.token}
			if to.URL == "" || to.Token == "" {
				return usage(cmd, "--url and --token are needed.")
			}
			file.Contexts[args[0]] = to
			file.Current = args[0]
			return a.writeContexts(file)
		},
	}
}

func (a *app) contextList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List the contexts", Args: exactly(),
		RunE: func(*cobra.Command, []string) error {
			file, err := a.readContexts()
			if err != nil {
				return err
			}
			type item struct {
				Name    string `json:"name"`
				URL     string `json:"url"`
				Current bool   `json:"current"`
			}
			items := []item{}
			view := table{head: []string{"", "NAME", "URL"}}
			for _, name := range slices.Sorted(maps.Keys(file.Contexts)) {
				mark := ""
				if name == file.Current {
					mark = "*"
				}
				items = append(items, item{name, file.Contexts[name].URL, mark != ""})
				view.rows = append(view.rows, []string{mark, name, file.Contexts[name].URL})
				view.names = append(view.names, name)
			}
			return a.print(items, func() table { return view })
		},
	}
}

func (a *app) contextUse() *cobra.Command {
	return &cobra.Command{
		Use: "use NAME", Short: "Use a context from now on", Args: exactly("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			file, err := a.readContexts()
			if err != nil {
				return err
			}
			if _, err := file.get(args[0]); err != nil {
				return err
			}
			file.Current = args[0]
			return a.writeContexts(file)
		},
	}
}

func (a *app) contextDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME", Aliases: []string{"rm"}, Short: "Forget a context", Args: exactly("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			file, err := a.readContexts()
			if err != nil {
				return err
			}
			if _, err := file.get(args[0]); err != nil {
				return err
			}
			delete(file.Contexts, args[0])
			if file.Current == args[0] {
				file.Current = ""
			}
			return a.writeContexts(file)
		},
	}
}

func (f contextFile) get(name string) (contact, error) {
	to, ok := f.Contexts[name]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(f.Contexts)), ", ")
		if known == "" {
			known = "none"
		}
		return to, fmt.Errorf("there is no context %q; known: %s", name, known)
	}
	return to, nil
}

// contact says how to reach the controller: flags, then environment, then the context.
func (a *app) contact() (contact, error) {
	to := contact{URL: first(a.url, a.Getenv("TAFFRAIL_URL")), Token: first(a.token, a.Getenv("TAFFRAIL_TOKEN"))}
	name := first(a.context, a.Getenv("TAFFRAIL_CONTEXT"))
	if to.URL == "" || to.Token == "" || a.context != "" {
		kept, err := a.keptContact(name)
		if err != nil {
			return to, err
		}
		// A token is for one controller only: it does not follow another address.
		if to.URL == "" || to.URL == kept.URL {
			to.Token = first(to.Token, kept.Token)
		}
		to.URL = first(to.URL, kept.URL, defaultURL)
	}
	if to.Token == "" {
		return to, fmt.Errorf("there is no token for %s: give --token or TAFFRAIL_TOKEN. On the controller's machine 'taffrail token create --name me --abilities root' makes one", to.URL)
	}
	return to, nil
}

func (a *app) keptContact(name string) (contact, error) {
	file, err := a.readContexts()
	if err != nil {
		if name == "" {
			return contact{}, nil // no place for contexts is no fault while none is asked for
		}
		return contact{}, err
	}
	if name = first(name, file.Current); name == "" {
		return contact{}, nil
	}
	return file.get(name)
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
