package web

import (
	"net/url"

	"github.com/taffrail/taffrail/internal/core"
)

const historyPage = 50

// historyView is a page of the history and the filter that it is a page of.
type historyView struct {
	Entries  []entry
	Form     form
	Statuses []option
	Kinds    []option
	Triggers []option
	Filtered bool
	Next     string // address of the next page; empty at the end
}

// showHistory shows the deployments of all kinds. The filter is in the address, so that
// it can be kept and sent.
func showHistory(v *visit) error {
	q := v.r.URL.Query()
	f := core.HistoryFilter{
		Trigger: core.Trigger(q.Get("trigger")), Actor: q.Get("actor"), Query: q.Get("q"), Server: core.ID(q.Get("server")),
		Resource: core.ID(q.Get("resource")), Cursor: q.Get("cursor"), Limit: historyPage,
	}
	if s := core.Status(q.Get("status")); s != "" {
		f.Statuses = []core.Status{s}
	}
	if k := core.Kind(q.Get("kind")); k != "" {
		f.Kinds = []core.Kind{k}
	}
	list, next, err := v.site.control.History(v.r.Context(), v.p, f)
	if err != nil {
		return err
	}
	out := historyView{Form: form{Values: map[string]string{}}}
	if out.Entries, err = v.entries(list); err != nil {
		return err
	}
	for _, name := range []string{"status", "kind", "trigger", "actor", "q", "server", "resource"} {
		out.Form.Values[name] = q.Get(name)
		out.Filtered = out.Filtered || q.Get(name) != ""
	}
	out.options()
	if next != "" {
		q.Set("cursor", next)
		out.Next = (&url.URL{Path: "/deployments", RawQuery: q.Encode()}).String()
	}
	return v.show("history", view{Title: "Deployments", Section: "deployments", Data: out})
}

func (h *historyView) options() {
	h.Statuses, h.Kinds, h.Triggers = []option{{Label: "Any status"}}, []option{{Label: "Any kind"}}, []option{{Label: "Any trigger"}}
	for _, s := range core.Statuses() {
		h.Statuses = append(h.Statuses, option{Value: string(s), Label: statusOf(s).Word})
	}
	for _, k := range core.Kinds() {
		h.Kinds = append(h.Kinds, option{Value: string(k), Label: k.Title()})
	}
	for _, t := range core.Triggers() {
		h.Triggers = append(h.Triggers, option{Value: string(t), Label: "By " + triggerWord(t)})
	}
	h.Statuses, h.Kinds, h.Triggers = chosen(h.Statuses, h.Form.Values["status"]), chosen(h.Kinds, h.Form.Values["kind"]), chosen(h.Triggers, h.Form.Values["trigger"])
}
