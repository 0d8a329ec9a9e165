package run

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"
)

// A record is a header and a payload. The header, little endian: two bytes of magic,
// the version of the format, the kind, the step (4 bytes), the time in microseconds
// since 1970 (8), the length of the payload (4) and a CRC32C over all of the header
// before it and the payload (4).
const (
	// MaxPayload is the longest payload of a frame in bytes.
	MaxPayload = 64 << 10

	headerSize = 24
	checkedAt  = headerSize - 4
	magic0     = 0xF5 // never part of UTF-8, so that text is not taken for a record
	magic1     = 'T'
	version    = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrCorrupt matches (errors.Is) every *CorruptError.
var ErrCorrupt = errors.New("spool is damaged")

// CorruptError says that a spool holds no valid record where one should begin. What
// is before Offset is right; nothing can be said of what follows.
type CorruptError struct {
	Offset int64  // of the record
	Reason string // what is wrong with it
}

// Error implements error.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("spool is damaged at byte %d: %s", e.Offset, e.Reason)
}

// Is makes the error match ErrCorrupt.
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }

// appendFrame appends a record to b. The payload must not be longer than MaxPayload.
func appendFrame(b []byte, kind FrameKind, step int, at time.Time, data []byte) []byte {
	start := len(b)
	b = append(b, magic0, magic1, version, byte(kind))
	b = binary.LittleEndian.AppendUint32(b, uint32(step))
	b = binary.LittleEndian.AppendUint64(b, uint64(at.UnixMicro()))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	sum := crc32.Update(crc32.Checksum(b[start:], castagnoli), castagnoli, data)
	b = binary.LittleEndian.AppendUint32(b, sum)
	return append(b, data...)
}

// Reader reads the frames of a spool from a stream. It is not for several goroutines.
type Reader struct {
	src    *bufio.Reader
	offset int64
	head   [headerSize]byte
	data   []byte
	err    error
}

// NewReader reads frames from r, whose first byte is the byte at offset of the spool.
// An offset is good when it is 0 or the To of a frame.
func NewReader(r io.Reader, offset int64) *Reader {
	return &Reader{src: bufio.NewReaderSize(r, MaxPayload+headerSize), offset: offset}
}

// Buffered says how many bytes can be read without waiting for the stream: 0 is a good
// moment to commit what was read so far.
func (r *Reader) Buffered() int { return r.src.Buffered() }

// Next returns the next frame. Its Data is valid until the next call. The error is
// io.EOF at a clean end of the stream, io.ErrUnexpectedEOF when the stream ends within
// a record, a *CorruptError when there is something else than a valid record, and
// whatever error the stream itself gave. After an error there are no more frames: the
// reader is made anew from the To of the last one.
func (r *Reader) Next() (Frame, error) {
	if r.err != nil {
		return Frame{}, r.err
	}
	f, err := r.next()
	r.err = err
	return f, err
}

func (r *Reader) next() (Frame, error) {
	if _, err := io.ReadFull(r.src, r.head[:]); err != nil {
		return Frame{}, err
	}
	length, err := checkHeader(r.head[:], r.offset)
	if err != nil {
		return Frame{}, err
	}
	if cap(r.data) < length {
		r.data = make([]byte, max(length, 4<<10))
	}
	r.data = r.data[:length]
	if _, err := io.ReadFull(r.src, r.data); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return Frame{}, err
	}
	if !checkSum(r.head[:], r.data) {
		return Frame{}, &CorruptError{r.offset, "the checksum is wrong"}
	}
	f := decode(r.head[:], r.data, r.offset)
	r.offset = f.To
	return f, nil
}

// checkHeader returns the length of the payload.
func checkHeader(head []byte, offset int64) (int, error) {
	if head[0] != magic0 || head[1] != magic1 {
		return 0, &CorruptError{offset, "no record begins there"}
	}
	if head[2] != version {
		return 0, &CorruptError{offset, fmt.Sprintf("format %d is not known", head[2])}
	}
	length := binary.LittleEndian.Uint32(head[16:])
	if length > MaxPayload {
		return 0, &CorruptError{offset, fmt.Sprintf("a length of %d is too much", length)}
	}
	return int(length), nil
}

func checkSum(head, data []byte) bool {
	sum := crc32.Update(crc32.Checksum(head[:checkedAt], castagnoli), castagnoli, data)
	return sum == binary.LittleEndian.Uint32(head[checkedAt:])
}

func decode(head, data []byte, offset int64) Frame {
	return Frame{
		Kind: FrameKind(head[3]),
		Step: int(binary.LittleEndian.Uint32(head[4:])),
		At:   time.UnixMicro(int64(binary.LittleEndian.Uint64(head[8:]))).UTC(),
		Data: data,
		From: offset,
		To:   offset + int64(headerSize) + int64(len(data)),
	}
}

// End decodes the payload of a FrameEnd.
func (f Frame) End() (*End, error) {
	var end End
	err := json.Unmarshal(f.Data, &end)
	return &end, err
}

// StepStart decodes the payload of a FrameStepStart.
func (f Frame) StepStart() (StepStart, error) {
	var start StepStart
	err := json.Unmarshal(f.Data, &start)
	return start, err
}
