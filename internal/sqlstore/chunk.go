package sqlstore

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	// chunkText is about how much text a chunk has. It bounds what reading one line costs.
	chunkText = 256 << 10
	// chunkForm is the first byte of a chunk before it is compressed.
	chunkForm = 1
	// chunkMost bounds what a damaged chunk can make us take: a line more than chunkText, and
	// what belongs to lines beside their text.
	chunkMost = 16 << 20
)

// packer packs lines into chunks and unpacks them. It may be used from several goroutines.
type packer struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newPacker() (*packer, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(chunkMost))
	return &packer{enc, dec}, err
}

// A chunk has its lines by columns, since neighbours in a column are alike: what they have
// in common as runs, times as differences, the few commands, then the texts.

// pack makes a chunk of lines that follow each other, at least one.
func (p *packer) pack(lines []core.Line) []byte {
	b := []byte{chunkForm}
	b = binary.AppendUvarint(b, uint64(len(lines)))
	b = binary.AppendVarint(b, lines[0].Seq)
	b = appendRuns(b, lines)
	last := int64(0)
	for _, l := range lines {
		at := l.At.UnixMicro()
		b = binary.AppendVarint(b, at-last)
		last = at
	}
	b = appendCommands(b, lines)
	for _, l := range lines {
		b = binary.AppendUvarint(b, uint64(len(l.Output)))
	}
	for _, l := range lines {
		b = append(b, l.Output...)
	}
	return p.enc.EncodeAll(b, nil)
}

// trait is what lines of a run have in common.
type trait struct {
	step, batch       int
	stream            core.Stream
	hidden, continued bool
}

func traitOf(l core.Line) trait { return trait{l.Step, l.Batch, l.Stream, l.Hidden, l.Continued} }

func appendRuns(b []byte, lines []core.Line) []byte {
	for i := 0; i < len(lines); {
		same := traitOf(lines[i])
		n := 1
		for i+n < len(lines) && traitOf(lines[i+n]) == same {
			n++
		}
		i += n
		b = binary.AppendUvarint(b, uint64(n))
		b = binary.AppendVarint(b, int64(same.step))
		b = binary.AppendVarint(b, int64(same.batch))
		b = append(b, flag(same.hidden)|flag(same.continued)<<1)
		b = appendText(b, string(same.stream))
	}
	return b
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

func appendCommands(b []byte, lines []core.Line) []byte {
	var part []byte
	n, last := uint64(0), 0
	for i, l := range lines {
		if l.Command != "" {
			part = binary.AppendUvarint(part, uint64(i-last))
			part = appendText(part, l.Command)
			last = i
			n++
		}
	}
	return append(binary.AppendUvarint(b, n), part...)
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// unpack returns up to limit lines of a chunk behind number after.
func (p *packer) unpack(data []byte, after int64, limit int) ([]core.Line, error) {
	plain, err := p.dec.DecodeAll(data, nil)
	if err != nil {
		return nil, fmt.Errorf("unpack lines of a log: %w", err)
	}
	r := &chunkReader{rest: plain}
	lines := r.lines(after, limit)
	if r.err != nil {
		return nil, fmt.Errorf("unpack lines of a log: %w", r.err)
	}
	return lines, nil
}

// errChunk says that a chunk is not what pack makes.
var errChunk = errors.New("the chunk is damaged")

// chunkReader reads a chunk. Its first error stays, and then everything is zero.
type chunkReader struct {
	rest []byte
	err  error
}

// lines reads the whole chunk, of which it returns a part: the texts of the others are
// not copied.
func (r *chunkReader) lines(after int64, limit int) []core.Line {
	if r.bytes(1); r.err != nil {
		return nil
	}
	n := r.count(len(r.rest))
	first := r.number()
	from := int(min(max(after-first+1, 0), int64(n)))
	to := from + min(limit, n-from)
	all := make([]core.Line, n)
	r.runs(all)
	at := int64(0)
	for i := range all {
		at += r.number()
		all[i].Seq, all[i].At = first+int64(i), fromMicro(at)
	}
	r.commands(all)
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = r.count(chunkMost)
	}
	for i, size := range sizes[:to] {
		if text := r.bytes(size); i >= from {
			all[i].Output = string(text)
		}
	}
	return all[from:to:to]
}

func (r *chunkReader) runs(all []core.Line) {
	for len(all) > 0 && r.err == nil {
		n := r.count(len(all))
		step, batch := int(r.number()), int(r.number())
		flags := r.bytes(1)
		stream := core.Stream(r.bytes(r.count(chunkMost)))
		if n == 0 || r.err != nil {
			r.fail()
			return
		}
		for i := range all[:n] {
			all[i] = core.Line{Step: step, Batch: batch, Stream: stream, Hidden: flags[0]&1 != 0, Continued: flags[0]&2 != 0}
		}
		all = all[n:]
	}
}

func (r *chunkReader) commands(all []core.Line) {
	i := 0
	for range r.count(len(all)) {
		i += r.count(len(all))
		text := r.bytes(r.count(chunkMost))
		if i >= len(all) || r.err != nil {
			r.fail()
			return
		}
		all[i].Command = string(text)
	}
}

func (r *chunkReader) fail() {
	if r.err == nil {
		r.err = errChunk
	}
	r.rest = nil
}

// count reads a number from 0 to most.
func (r *chunkReader) count(most int) int {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > uint64(most) {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return int(v)
}

func (r *chunkReader) number() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *chunkReader) bytes(n int) []byte {
	if n > len(r.rest) {
		r.fail()
		return nil
	}
	part := r.rest[:n]
	r.rest = r.rest[n:]
	return part
}
