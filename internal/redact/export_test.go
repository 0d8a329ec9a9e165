package redact

// Work is the number of steps that a stream has cost beside the one that each
// byte costs the matcher: units of the lanes, bytes looked at for shapes.
func Work(w *Writer) int {
	work := w.shapes.work
	for i := range w.lanes {
		work += w.lanes[i].work
	}
	return work
}

// Held is how many bytes of the input wait for what comes after them.
func Held(w *Writer) int { return w.end() - w.released }
