package web

import (
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func resourceEnvs(v *visit) error { return v.envs(nil, 0) }

func (v *visit) envs(wrong error, status int) error {
	out, err := v.resource("envs")
	if err != nil {
		return err
	}
	if out.Envs, err = v.site.control.ListEnvs(v.r.Context(), v.p, out.R.Kind, out.R.UUID); err != nil {
		return err
	}
	if wrong != nil {
		out.Form = v.formOf(wrong, "key", "comment")
	}
	return v.showTab(out, status)
}

// saveEnv adds a variable or changes the one with this key.
func saveEnv(v *visit) error {
	kind, id := core.Kind(v.r.PathValue("kind")), v.id("uuid")
	value, locked := core.NewSecret(v.raw("value")), v.checked("locked")
	in := control.EnvInput{Key: v.form("key"), Value: &value, IsShownOnce: &locked}
	if comment := v.form("comment"); comment != "" {
		in.Comment = &comment
	}
	_, err := v.site.control.CreateEnv(v.r.Context(), v.p, kind, id, in)
	if core.CodeOf(err) == core.CodeConflict {
		_, err = v.site.control.UpdateEnv(v.r.Context(), v.p, kind, id, in)
	}
	switch {
	case err != nil && known(err):
		return v.envs(err, 422)
	case err != nil:
		return err
	}
	return v.done(v.r.URL.Path, in.Key+" is saved. It takes effect with the next deployment.")
}

func deleteEnv(v *visit) error {
	out, err := v.resource("envs")
	if err != nil {
		return err
	}
	if err := v.site.control.DeleteEnv(v.r.Context(), v.p, out.R.Kind, out.R.UUID, core.ID(v.form("env"))); err != nil {
		return err
	}
	return v.done(out.At+"/envs", "The variable is deleted. It is gone with the next deployment.")
}

func resourceSettings(v *visit) error { return v.settings(nil, 0) }

func (v *visit) settings(wrong error, status int) error {
	out, err := v.resource("settings")
	if err != nil {
		return err
	}
	if out.R.Kind == core.KindService {
		if out.Service, err = v.site.control.GetService(v.r.Context(), v.p, out.R.UUID); err != nil {
			return err
		}
	}
	out.Form.Values["name"], out.Form.Values["description"] = out.R.Name, out.R.Description
	out.Form.Values["docker_compose_raw"] = out.Service.ComposeRaw.Reveal()
	if wrong != nil {
		out.Form = v.formOf(wrong, "name", "description", "docker_compose_raw")
	}
	return v.showTab(out, status)
}

// saveSettings changes what all kinds have, and the compose text of a service.
func saveSettings(v *visit) error {
	kind, id := core.Kind(v.r.PathValue("kind")), v.id("uuid")
	ctx, c := v.r.Context(), v.site.control
	name, description := v.form("name"), v.form("description")
	var err error
	switch kind {
	case core.KindService:
		in := control.ServicePatch{Name: &name, Description: &description}
		if text := v.raw("docker_compose_raw"); text != "" {
			compose := core.NewSecret(text)
			in.Compose = &compose
		}
		_, err = c.UpdateService(ctx, v.p, id, in)
	case core.KindDatabase:
		_, err = c.UpdateDatabase(ctx, v.p, id, control.DatabasePatch{Name: &name, Description: &description})
	default:
		_, err = c.UpdateApplication(ctx, v.p, id, control.ApplicationPatch{Name: &name, Description: &description})
	}
	switch {
	case err != nil && known(err):
		return v.settings(err, 422)
	case err != nil:
		return err
	}
	return v.done(v.r.URL.Path, "Saved. What runs goes on as it is until the next deployment.")
}
