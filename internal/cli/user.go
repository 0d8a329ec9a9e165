package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/server"
)

func (a *app) userCommand() *cobra.Command {
	return group("user", "People who sign in, on the controller's machine", a.userPassword())
}

func (a *app) userPassword() *cobra.Command {
	var order server.PasswordOrder
	cmd := &cobra.Command{
		Use: "password", Short: "Set somebody's password, for who is locked out",
		Long: `Sets a password and ends all sessions of that user. The password is read from the terminal,
or from the first line of standard input. It works on the data folder or the database
itself, with or without a running controller.`,
		Example: `  taffrail user password --data ./data
  taffrail user password --data ./data --email ada@example.org --reset-second-factor`,
		Args: exactly(),
	}
	flags := addConfig(cmd, "data", "database-url", "secret-key-file")
	cmd.Flags().StringVar(&order.Email, "email", "", "whose; empty is the first user")
	cmd.Flags().BoolVar(&order.SecondFactor, "reset-second-factor", false, "take the second factor away too")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := flags.load(a)
		if err != nil {
			return err
		}
		text, err := a.askPassword()
		if err != nil {
			return err
		}
		order.Password = core.NewSecret(text)
		user, err := server.ResetPassword(cmd.Context(), cfg, slog.New(slog.DiscardHandler), order)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.Out, "The password of %s is set. Sign in with the e-mail address %s.\n", user.Name, user.Email)
		return err
	}
	return cmd
}

// askPassword reads a password without showing it, or a line of what is piped in.
func (a *app) askPassword() (string, error) {
	if file, ok := a.In.(*os.File); ok && term.IsTerminal(int(file.Fd())) { //nolint:gosec // a descriptor is a small number
		fmt.Fprint(a.Err, "New password: ")
		text, err := term.ReadPassword(int(file.Fd())) //nolint:gosec // as above
		fmt.Fprintln(a.Err)
		return string(text), err
	}
	line, err := bufio.NewReader(a.In).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}
