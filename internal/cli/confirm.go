package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// confirm asks before something that cannot be undone. Without a person at the keyboard
// only --yes will do.
func (a *app) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	in, ok := a.In.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return errors.New("there is nobody to ask: repeat with --yes")
	}
	fmt.Fprintf(a.Err, "%s [y/N] ", clean(question))
	answer, err := bufio.NewReader(a.In).ReadString('\n')
	if err != nil {
		return err
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("nothing was done")
	}
	return nil
}
