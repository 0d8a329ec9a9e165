package browser

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Page is a tab with cookies of its own. Whatever goes wrong in it fails the test.
type Page struct {
	t       testing.TB
	chrome  *Chrome
	session string
	loaded  chan struct{}

	mu     sync.Mutex // guards faults
	faults []string
	broken bool // requests were broken off since the last Go; guarded by mu
}

// NewPage opens an empty page, as wide as a laptop.
func (c *Chrome) NewPage(t testing.TB) *Page {
	t.Helper()
	p := &Page{t: t, chrome: c, loaded: make(chan struct{}, 100)}
	var context struct{ BrowserContextID string }
	p.ask("Target.createBrowserContext", nil, &context)
	var target struct{ TargetID string }
	p.ask("Target.createTarget", map[string]any{"url": "about:blank", "browserContextId": context.BrowserContextID}, &target)
	var attached struct{ SessionID string }
	p.ask("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	c.mu.Lock()
	c.pages[attached.SessionID] = p
	c.mu.Unlock()
	p.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		p.Do(domain+".enable", nil)
	}
	p.Size(1360, 860)
	return p
}

// Size makes the window so large.
func (p *Page) Size(width, height int) {
	p.t.Helper()
	p.Do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
}

// Theme makes the system's theme light or dark.
func (p *Page) Theme(name string) {
	p.t.Helper()
	p.Do("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{
		{"name": "prefers-color-scheme", "value": name}, {"name": "prefers-reduced-motion", "value": "reduce"}}})
}

// Do calls a method of the protocol.
func (p *Page) Do(method string, params any) {
	p.t.Helper()
	p.ask(method, params, nil)
}

func (p *Page) ask(method string, params, into any) {
	p.t.Helper()
	result, err := p.chrome.call(p.session, method, params)
	if err == nil && into != nil {
		err = json.Unmarshal(result, into)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// event notes what goes wrong in the page, and that it is loaded.
func (p *Page) event(method string, params json.RawMessage) {
	switch method {
	case "Page.loadEventFired":
		p.loaded <- struct{}{}
	case "Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled":
		var e struct {
			Type  string
			Entry struct{ Level, Text, URL string }
		}
		_ = json.Unmarshal(params, &e)
		// Docker makes and takes away interfaces in other tests meanwhile, and each time the
		// browser breaks off its requests. The page asks again; the browser's own line stays.
		if strings.Contains(e.Entry.Text, networkChanged) {
			p.mu.Lock()
			p.broken = true
			p.mu.Unlock()
			return
		}
		if method == "Runtime.exceptionThrown" || e.Entry.Level == "error" || e.Type == "error" {
			p.mu.Lock()
			p.faults = append(p.faults, strings.TrimSpace(e.Entry.Text+" "+e.Entry.URL+" "+string(params)))
			p.mu.Unlock()
		}
	}
}

// Faults are the errors in the console since the last call.
func (p *Page) Faults() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.faults
	p.faults = nil
	return out
}

// networkChanged is what the browser says of requests that it broke off.
const networkChanged = "net::ERR_NETWORK_CHANGED"

// Go opens an address and waits until it is loaded, with all that belongs to it.
func (p *Page) Go(url string) {
	p.t.Helper()
	for range 5 {
		p.mu.Lock()
		p.broken = false
		p.mu.Unlock()
		p.drain()
		p.Do("Page.navigate", map[string]any{"url": url})
		p.await()
		p.mu.Lock()
		broken := p.broken
		p.mu.Unlock()
		if !broken {
			return
		}
	}
}

// Leave does what leads to another page, and waits for that.
func (p *Page) Leave(do func()) {
	p.t.Helper()
	p.drain()
	do()
	p.await()
}

func (p *Page) drain() {
	for len(p.loaded) > 0 {
		<-p.loaded
	}
}

func (p *Page) await() {
	p.t.Helper()
	select {
	case <-p.loaded:
	case <-after():
		p.t.Fatal("the page did not load")
	}
}

// Eval runs an expression in the page, waits if it is a promise, and reads its value.
func (p *Page) Eval(expression string, into any) {
	p.t.Helper()
	var out struct {
		Result struct {
			Value json.RawMessage
		}
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	p.ask("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &out)
	if e := out.ExceptionDetails; e != nil {
		p.t.Fatalf("%s: %s %s", expression, e.Text, e.Exception.Description)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(out.Result.Value, into); err != nil {
		p.t.Fatalf("%s: %v in %s", expression, err, out.Result.Value)
	}
}

// Wait waits until a condition holds in the page, whatever page that is by then.
func (p *Page) Wait(condition string) {
	p.t.Helper()
	limit := after()
	for {
		var ok bool
		expression := fmt.Sprintf(`new Promise((done) => { const end = Date.now() + 1000; const look = () => {
			let is = false; try { is = !!(%s) } catch {}
			if (is || Date.now() > end) done(is); else setTimeout(look, 20) }; look() })`, condition)
		result, err := p.chrome.call(p.session, "Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true})
		if err == nil { // an error: the page was left meanwhile
			var out struct{ Result struct{ Value bool } }
			_ = json.Unmarshal(result, &out)
			ok = out.Result.Value
		}
		if ok {
			return
		}
		select {
		case <-limit:
			p.Shot(filepath.Join(Artefacts, "failed"))
			p.t.Fatalf("never: %s", condition)
		default:
		}
	}
}

// Type puts text into a field.
func (p *Page) Type(selector, text string) {
	p.t.Helper()
	p.Eval(fmt.Sprintf("(() => { const el = document.querySelector(%q); el.focus(); el.select?.() })()", selector), nil)
	p.Do("Input.insertText", map[string]any{"text": text})
}

// Click clicks on an element.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.Eval(fmt.Sprintf("document.querySelector(%q).click()", selector), nil)
}

// Key presses a key, such as "n" or "Escape".
func (p *Page) Key(key string, modifiers int) {
	p.t.Helper()
	down := map[string]any{"type": "keyDown", "key": key, "modifiers": modifiers}
	if len(key) == 1 && modifiers == 0 {
		down["text"] = key
	}
	p.Do("Input.dispatchKeyEvent", down)
	p.Do("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "modifiers": modifiers})
}

// Text is what an element says.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	var out string
	p.Eval(fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", selector), &out)
	return out
}

// Artefacts is where pictures are kept; git ignores it.
const Artefacts = "../../artefacts/web"

// Shot takes a picture of what is in the window.
func (p *Page) Shot(name string) {
	p.t.Helper()
	var out struct{ Data string }
	p.ask("Page.captureScreenshot", map[string]any{"format": "png"}, &out)
	picture, err := base64.StdEncoding.DecodeString(out.Data)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(name), 0o755)
	}
	if err == nil {
		err = os.WriteFile(name+".png", picture, 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}
