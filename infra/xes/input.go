package xes

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding/htmlindex"
)

// Limits that keep any file within bounded memory.
const (
	maxToken = 1 << 20  // bytes of one tag with its attributes, one comment, one text
	maxCase  = 32 << 20 // bytes of one case
	maxDepth = 64       // elements open at once
)

var errTokenLimit = errors.New("one tag or text is larger than 1 MiB; is this an event log?")

// input counts what the XML decoder takes and stops it within one token that
// never ends, which it would otherwise hold in memory.
type input struct {
	r     *bufio.Reader
	taken int64 // bytes so far
	token int64 // bytes taken before the present token
}

// ReadByte makes the decoder read here, and not through a buffer of its own.
func (in *input) ReadByte() (byte, error) {
	if in.taken-in.token > maxToken {
		return 0, errTokenLimit
	}
	b, err := in.r.ReadByte()
	if err == nil {
		in.taken++
	}
	return b, err
}

// Read serves a decoder that converts from another encoding than UTF-8; it
// reads ahead, so the limit reaches a little further there.
func (in *input) Read(p []byte) (int, error) {
	if in.taken-in.token > maxToken {
		return 0, errTokenLimit
	}
	n, err := in.r.Read(p)
	in.taken += int64(n)
	return n, err
}

// charset reads the encodings that web browsers know.
func charset(label string, r io.Reader) (io.Reader, error) {
	enc, err := htmlindex.Get(label)
	if err != nil {
		return nil, fmt.Errorf("the encoding %q is not known; save the file as UTF-8", label)
	}
	return enc.NewDecoder().Reader(r), nil
}
