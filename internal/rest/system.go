package rest

import (
	"net/http"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/httpio"
)

func (a *API) health(w http.ResponseWriter, _ *http.Request, _ auth.Principal, _ none) error {
	httpio.WriteText(w, "OK")
	return nil
}

// version answers bare text: clients compare it byte by byte.
func (a *API) version(w http.ResponseWriter, _ *http.Request, _ auth.Principal, _ none) error {
	httpio.WriteText(w, api.Version)
	return nil
}
