package web

import "html/template"

// icons are drawn on 16 by 16, by strokes, so that they take the colour of their text.
var icons = map[string]string{
	"check":    `<circle cx="8" cy="8" r="6.25"/><path d="m5.2 8.2 2 2 3.8-4.2"/>`,
	"cross":    `<circle cx="8" cy="8" r="6.25"/><path d="m5.8 5.8 4.4 4.4m0-4.4-4.4 4.4"/>`,
	"running":  `<circle cx="8" cy="8" r="6.25" opacity=".3"/><path class="turn" d="M8 1.75A6.25 6.25 0 0 1 14.25 8"/>`,
	"clock":    `<circle cx="8" cy="8" r="6.25"/><path d="M8 4.5V8l2.2 1.6"/>`,
	"ban":      `<circle cx="8" cy="8" r="6.25"/><path d="m3.7 3.7 8.6 8.6"/>`,
	"stopped":  `<circle cx="8" cy="8" r="6.25"/><path d="M6 6h4v4H6z"/>`,
	"skip":     `<circle cx="8" cy="8" r="6.25"/><path d="M5 8h6"/>`,
	"warn":     `<path d="M8 2 1.8 13.2h12.4zM8 6.5v3.2m0 1.8v.2"/>`,
	"info":     `<circle cx="8" cy="8" r="6.25"/><path d="M8 7.4v3.4m0-5.7v.2"/>`,
	"home":     `<path d="M2.5 7.2 8 2.5l5.5 4.7v6.3h-4v-4h-3v4h-4z"/>`,
	"layers":   `<path d="m8 1.8 6.2 3.3L8 8.4 1.8 5.1zM1.8 8 8 11.3 14.2 8M1.8 10.9 8 14.2l6.2-3.3"/>`,
	"history":  `<path d="M2.2 8a5.8 5.8 0 1 0 1.9-4.3L2.2 5.4m0-3.2v3.2h3.2M8 4.8V8l2.2 1.6"/>`,
	"server":   `<rect x="1.8" y="2.5" width="12.4" height="4.6" rx="1.2"/><rect x="1.8" y="8.9" width="12.4" height="4.6" rx="1.2"/><path d="M4.4 4.8h.1m-.1 6.4h.1"/>`,
	"key":      `<circle cx="5" cy="11" r="3"/><path d="m7.2 8.8 6-6m-2.4 2.4 1.9 1.9m-3.6-.2 1.3 1.3"/>`,
	"token":    `<path d="M6 3.5 2 8l4 4.5m4-9L14 8l-4 4.5"/>`,
	"users":    `<circle cx="6" cy="5.2" r="2.5"/><path d="M1.6 13.5c.3-2.8 2-4.2 4.4-4.2s4.1 1.4 4.4 4.2M10.6 2.9a2.5 2.5 0 0 1 0 4.6m1.3 2.1c1.5.6 2.3 1.9 2.5 3.9"/>`,
	"user":     `<circle cx="8" cy="5.4" r="2.8"/><path d="M2.8 14c.4-3 2.4-4.6 5.2-4.6s4.8 1.6 5.2 4.6"/>`,
	"search":   `<circle cx="7" cy="7" r="4.6"/><path d="m10.4 10.4 3.6 3.6"/>`,
	"play":     `<path d="M4.5 2.8v10.4L13 8z"/>`,
	"stop":     `<rect x="3.5" y="3.5" width="9" height="9" rx="1.2"/>`,
	"restart":  `<path d="M13.5 8A5.5 5.5 0 1 1 11.8 4l1.7 1.6m0-3.3v3.3h-3.3"/>`,
	"back":     `<path d="M6 3 2.5 6.5 6 10M2.5 6.5H10a3.5 3.5 0 0 1 0 7H6.5"/>`,
	"deploy":   `<path d="M8 10.5v-8m0 0L4.8 5.7M8 2.5l3.2 3.2M2.5 10v2.3c0 .7.5 1.2 1.2 1.2h8.6c.7 0 1.2-.5 1.2-1.2V10"/>`,
	"download": `<path d="M8 2.5v8m0 0L4.8 7.3M8 10.5l3.2-3.2M2.5 10v2.3c0 .7.5 1.2 1.2 1.2h8.6c.7 0 1.2-.5 1.2-1.2V10"/>`,
	"copy":     `<rect x="5.5" y="5.5" width="8" height="8" rx="1.2"/><path d="M10.5 5.5V3.7c0-.7-.5-1.2-1.2-1.2H3.7c-.7 0-1.2.5-1.2 1.2v5.6c0 .7.5 1.2 1.2 1.2h1.8"/>`,
	"plus":     `<path d="M8 3v10M3 8h10"/>`,
	"chevron":  `<path d="m6 3.5 4.5 4.5L6 12.5"/>`,
	"up":       `<path d="m3.5 10 4.5-4.5 4.5 4.5"/>`,
	"down":     `<path d="m3.5 6 4.5 4.5L12.5 6"/>`,
	"end":      `<path d="M8 2.5v8m0 0L4.5 7M8 10.5 11.5 7M3 13.5h10"/>`,
	"wrap":     `<path d="M2 3.5h12M2 8h9.5a2.2 2.2 0 0 1 0 4.5H8m0 0 1.6-1.6M8 12.5l1.6 1.6M2 12.5h2.5"/>`,
	"eye":      `<path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8z"/><circle cx="8" cy="8" r="2"/>`,
	"terminal": `<rect x="1.8" y="2.5" width="12.4" height="11" rx="1.4"/><path d="m4.5 6 2.3 2-2.3 2m4 .2h3"/>`,
	"gear":     `<circle cx="8" cy="8" r="2.2"/><path d="M8 1.8v2m0 8.4v2M1.8 8h2m8.4 0h2M3.6 3.6 5 5m6 6 1.4 1.4m0-8.8L11 5m-6 6-1.4 1.4"/>`,
	"box":      `<path d="m8 1.8 5.7 3v6.4L8 14.2l-5.7-3V4.8zM2.3 4.8 8 7.9l5.7-3.1M8 7.9v6.3"/>`,
	"database": `<ellipse cx="8" cy="3.8" rx="5.5" ry="2"/><path d="M2.5 3.8v8.4c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2V3.8M2.5 8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2"/>`,
	"commit":   `<circle cx="8" cy="8" r="2.6"/><path d="M1.5 8h3.9m5.2 0h3.9"/>`,
	"theme":    `<circle cx="8" cy="8" r="5.8"/><path d="M8 2.2v11.6a5.8 5.8 0 0 0 0-11.6z" fill="currentColor"/>`,
	"exit":     `<path d="M6.5 2.5h-3c-.6 0-1 .4-1 1v9c0 .6.4 1 1 1h3M10 11l3-3-3-3m3 3H6"/>`,
	"trash":    `<path d="M2.5 4.2h11M6 4V2.5h4V4m-6 .2.6 8.3c0 .6.5 1 1.1 1h4.6c.6 0 1.1-.4 1.1-1l.6-8.3"/>`,
	"link":     `<path d="M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2.3-2.3a2.6 2.6 0 0 0-3.7-3.7l-.8.8m1 2.8a2.6 2.6 0 0 0-3.7 0L3.3 9.1A2.6 2.6 0 0 0 7 12.8l.8-.8"/>`,
	"lock":     `<rect x="3" y="7" width="10" height="6.8" rx="1.3"/><path d="M5.3 7V5a2.7 2.7 0 0 1 5.4 0v2"/>`,
	"pin":      `<path d="M8 9.5V14M5 2.5h6M5.8 2.5v3.2L4 8v1.5h8V8l-1.8-2.3V2.5"/>`,
	"compare":  `<path d="M5 2.5v11m0 0L2.5 11M5 13.5 7.5 11M11 13.5v-11m0 0L8.5 5M11 2.5 13.5 5"/>`,
	"mark":     `<path d="M2.5 13.5h11M4 13.5 8 2l4 11.5M5.6 9h4.8"/>`,
}

// icon is a drawing beside text that says the same, and so nothing to those who hear
// the page.
func icon(name string) template.HTML {
	return template.HTML(`<svg class="icon icon-` + name + `" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">` + icons[name] + `</svg>`) //nolint:gosec // our own text
}
