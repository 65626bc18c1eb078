package xes

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// bufferBytes is how much is read from a file at once.
const bufferBytes = 64 << 10

// unpack gives the XML of a log that is plain, gzip, or a zip that holds one,
// told apart by the first bytes. A zip must be a file: its directory stands at
// the end. The caller closes what it opened; nothing here needs closing.
func unpack(src io.Reader) (*bufio.Reader, error) { return unpackAt(src, 0) }

// maxPacked is how deep a log may be packed; some files unpack into themselves.
const maxPacked = 2

func unpackAt(src io.Reader, depth int) (*bufio.Reader, error) {
	if depth > maxPacked {
		return nil, errors.New("the file is packed several times over; unpack it first")
	}
	r := bufio.NewReaderSize(src, bufferBytes)
	head, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("the gzip header is damaged: %w", err)
		}
		return unpackAt(z, depth+1)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return unzip(src, depth)
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, err := r.Discard(3)
		return r, err
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}), bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return nil, errors.New("the file is UTF-16; save it as UTF-8")
	}
	return r, nil
}

// unzip opens the first log in a zip file.
func unzip(src io.Reader, depth int) (*bufio.Reader, error) {
	file, ok := src.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !ok {
		return nil, errors.New("a zip cannot be read as a stream; unzip it first")
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, errors.New("a zip cannot be read as a stream; unzip it first")
	}
	z, err := zip.NewReader(file, size)
	if err != nil {
		return nil, fmt.Errorf("the zip is damaged: %w", err)
	}
	for _, f := range z.File {
		name := strings.ToLower(f.Name)
		if strings.HasPrefix(name, "__macosx/") || !strings.HasSuffix(name, ".xes") && !strings.HasSuffix(name, ".xes.gz") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%s in the zip: %w", f.Name, err)
		}
		return unpackAt(r, depth+1)
	}
	return nil, errors.New("the zip holds no file whose name ends in .xes")
}
