package sqlite

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// The WAL's layout: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
const (
	walHeaderSize = 32
	walFrameSize  = 24 // before each page
	walMagic      = 0x377f0682
)

// WALState is what the write-ahead log beside a database holds. SQLite reads
// it up to the first frame that is not sound and drops the rest without a
// word, so acknowledged transactions behind a damaged frame would vanish unseen.
type WALState struct {
	Frames    int  // sound frames from the start, numbered 1, 2, 3 …
	Commits   int  // transactions complete in them
	LastSound int  // number of the last sound frame that ends a transaction, 0 for none
	Damaged   bool // a frame or the header is not sound, and a transaction ends at or behind it
	DamagedAt int  // number of that frame, 0 for the header
	// CommitsAfter counts the frames that end a transaction and stand at or behind the damage. Without
	// any, what stands there is the beginning of a transaction that a crash interrupted, and no damage.
	CommitsAfter int
	// Torn says that no further transaction stands behind the damaged one. A power cut leaves
	// that, and then the transaction was never acknowledged; a change of its bytes looks alike.
	Torn bool
}

// WALDamagedError says that complete transactions stand behind a damaged place of
// the WAL. Opening the file would drop them for ever.
type WALDamagedError struct {
	Path  string // of the WAL
	State WALState
}

func (e *WALDamagedError) Error() string {
	return fmt.Sprintf("%s is damaged at frame %d, and %d acknowledged transactions stand there or behind it: not opened for writing, since that would drop them; copy the folder, check the disk, then restore a backup",
		e.Path, e.State.DamagedAt, e.State.CommitsAfter)
}

// CheckWAL reads the WAL of the database at path and says how far it is sound;
// a missing WAL is sound and empty. It changes nothing. While another
// connection writes, the last frames may look torn: ask again.
func CheckWAL(path string) (WALState, error) {
	f, err := os.Open(walPath(path)) // SQLite holds no locks on the WAL itself, so closing it is harmless
	if errors.Is(err, os.ErrNotExist) {
		return WALState{}, nil
	}
	if err != nil {
		return WALState{}, err
	}
	defer f.Close()
	r := &walReader{in: bufio.NewReaderSize(f, 1<<20)}
	if err := r.check(); err != nil {
		return WALState{}, fmt.Errorf("read %s: %w", walPath(path), err)
	}
	return r.state, nil
}

type walReader struct {
	in     *bufio.Reader
	order  binary.ByteOrder // of the checksums
	salts  [8]byte
	sum    [2]uint32
	frame  []byte
	number int  // of the frame read last
	alien  bool // that frame's checksum is right but its salts are not: no crash leaves that
	state  WALState
}

func (r *walReader) check() error {
	sound, err := r.header()
	if err != nil || r.frame == nil {
		return err
	}
	for sound {
		if more, err := r.next(); err != nil || !more {
			return err
		}
		if sound = r.soundFrame(); !sound {
			break
		}
		r.state.Frames++
		if r.ends() {
			r.state.Commits++
			r.state.LastSound = r.number
		}
	}
	return r.rest()
}

// header reads the first 32 bytes. A file too short for one frame has r.frame nil.
func (r *walReader) header() (sound bool, err error) {
	var h [walHeaderSize]byte
	if _, err := io.ReadFull(r.in, h[:]); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = nil
		}
		return false, err
	}
	page := binary.BigEndian.Uint32(h[8:])
	magic := binary.BigEndian.Uint32(h[0:])
	r.order = binary.LittleEndian
	if magic == walMagic|1 {
		r.order = binary.BigEndian
	}
	r.sum = checksum(r.order, [2]uint32{}, h[:24])
	copy(r.salts[:], h[16:24])
	sound = magic|1 == walMagic|1 && r.sum == [2]uint32{binary.BigEndian.Uint32(h[24:]), binary.BigEndian.Uint32(h[28:])}
	if !sound {
		page = 4096 // the size that this program's files have
		first, err := r.in.Peek(16)
		if err != nil {
			return false, ignoreEOF(err)
		}
		copy(r.salts[:], first[8:16])
	}
	r.frame = make([]byte, walFrameSize+int(page))
	return sound, nil
}

// next reads a frame. One that the file holds in part is none: its transaction was never finished.
func (r *walReader) next() (bool, error) {
	if _, err := io.ReadFull(r.in, r.frame); err != nil {
		return false, ignoreEOF(err)
	}
	r.number++
	return true, nil
}

// soundFrame checks the frame against the running checksum. The salts are no
// part of that sum: a frame whose sum is right belongs here even if its salts do not.
func (r *walReader) soundFrame() bool {
	sum := checksum(r.order, checksum(r.order, r.sum, r.frame[:8]), r.frame[walFrameSize:])
	if sum != [2]uint32{binary.BigEndian.Uint32(r.frame[16:]), binary.BigEndian.Uint32(r.frame[20:])} {
		return false
	}
	r.sum, r.alien = sum, !r.current()
	return !r.alien
}

// rest looks at what SQLite drops: frames of an earlier round of the WAL, which
// are meant to be dropped, or frames of this one.
func (r *walReader) rest() error {
	first := r.number // the frame that is not sound; 0 when the header is not
	end := 0          // the frame that ends the damaged transaction
	last := 0         // the last frame of this round
	alien := r.alien
	more, err := first > 0, error(nil)
	if !more {
		more, err = r.next()
	}
	for ; more && err == nil; more, err = r.next() {
		if !r.current() && !(alien && r.number == first) {
			continue
		}
		last = r.number
		if r.ends() {
			r.state.CommitsAfter++
			if end == 0 {
				end = r.number
			}
		}
	}
	if err != nil {
		return err
	}
	if end > 0 || alien {
		r.state.Damaged, r.state.DamagedAt = true, first
		r.state.Torn = last <= end && !alien
	}
	return nil
}

func (r *walReader) current() bool { return [8]byte(r.frame[8:16]) == r.salts }

// ends reports whether the frame is the last of a transaction.
func (r *walReader) ends() bool { return binary.BigEndian.Uint32(r.frame[4:]) != 0 }

func checksum(order binary.ByteOrder, s [2]uint32, b []byte) [2]uint32 {
	for ; len(b) >= 8; b = b[8:] {
		s[0] += order.Uint32(b) + s[1]
		s[1] += order.Uint32(b[4:]) + s[0]
	}
	return s
}

func ignoreEOF(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}
