package esdbtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/google/uuid"
)

// kind is what a log record is.
type kind uint8

const (
	isEvent kind = 1 + iota // an event of a stream
	isEpoch                 // the server's own mark of a start or an election: looked at by a filtered read, never shown
	isEmpty                 // an append without events: takes a position and is passed over
)

const (
	flagLast uint8 = 1 << iota // ends its append: what follows the last such record of a file was never answered
	flagJSON                   // the content type was application/json
)

// A record takes the room that it takes in EventStoreDB: 90 bytes and its
// texts. Of the 90 the header below uses 60; the rest is zero, at the end.
const (
	recordBase = 90
	headerSize = 60
	firstEpoch = 548 // size of an empty database's first epoch record
	laterEpoch = 584 // of each later one, which names its predecessor
)

// tombstoned is the revision of a stream's tombstone.
const tombstoned uint64 = math.MaxInt64

// event is a record of the log with its bytes.
type event struct {
	kind     kind
	last     bool
	json     bool
	id       uuid.UUID
	created  int64 // in units of 100 ns since 1970, as the protocol has it
	revision uint64
	stream   string
	typ      string
	data     []byte
	meta     []byte
	pos      uint64
}

// size is how many bytes of the log the record takes.
func (e *event) size() int {
	n := recordBase + len(e.stream) + len(e.typ) + len(e.data) + len(e.meta)
	for _, text := range []string{e.stream, e.typ} {
		if len(text) > 127 { // a length of two bytes
			n++
		}
	}
	switch {
	case e.kind == isEpoch && e.pos == 0:
		return firstEpoch
	case e.kind == isEpoch:
		return laterEpoch
	}
	return n
}

// encode appends the record to buf.
func (e *event) encode(buf []byte) []byte {
	start, size := len(buf), e.size()
	buf = append(buf, make([]byte, size)...)
	b := buf[start:]
	le := binary.LittleEndian
	le.PutUint32(b, uint32(size))
	b[8] = uint8(e.kind)
	if e.last {
		b[9] |= flagLast
	}
	if e.json {
		b[9] |= flagJSON
	}
	copy(b[12:], e.id[:])
	le.PutUint64(b[28:], uint64(e.created))
	le.PutUint64(b[36:], e.revision)
	at := headerSize
	for i, text := range []string{e.stream, e.typ} {
		le.PutUint32(b[44+4*i:], uint32(len(text)))
		at += copy(b[at:], text)
	}
	for i, bytes := range [][]byte{e.data, e.meta} {
		le.PutUint32(b[52+4*i:], uint32(len(bytes)))
		at += copy(b[at:], bytes)
	}
	le.PutUint32(b[4:], crc32.ChecksumIEEE(b[8:]))
	return buf
}

var errTorn = errors.New("no whole record")

// decode reads the record at the beginning of b, whose slices it keeps.
func decode(b []byte, pos uint64) (event, int, error) {
	le := binary.LittleEndian
	if len(b) < recordBase {
		return event{}, 0, errTorn
	}
	size := int(le.Uint32(b))
	if size < recordBase || size > len(b) {
		return event{}, 0, errTorn
	}
	if b = b[:size]; crc32.ChecksumIEEE(b[8:]) != le.Uint32(b[4:]) {
		return event{}, 0, errTorn
	}
	e := event{pos: pos, kind: kind(b[8]), last: b[9]&flagLast != 0, json: b[9]&flagJSON != 0,
		id: uuid.UUID(b[12:28]), created: int64(le.Uint64(b[28:])), revision: le.Uint64(b[36:])}
	at := uint64(headerSize)
	var parts [4][]byte
	for i := range parts {
		n := uint64(le.Uint32(b[44+4*i:]))
		if at+n > uint64(size) {
			return event{}, 0, fmt.Errorf("record at %d: lengths beyond its end", pos)
		}
		parts[i] = b[at : at+n : at+n]
		at += n
	}
	e.stream, e.typ, e.data, e.meta = string(parts[0]), string(parts[1]), parts[2], parts[3]
	return e, size, nil
}
