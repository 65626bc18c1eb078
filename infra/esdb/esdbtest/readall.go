package esdbtest

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// place in the log where a read of all begins.
type start struct {
	index   int    // of the first entry to look at; backwards, of the one behind it
	commit  uint64 // as asked for; 0 for the start
	prepare uint64
	invalid bool // no record begins there
}

// startOf finds where a read of all is to begin. Errors: positions that cannot
// be.
func (r *reading) startOf() (start, error) {
	o := r.options.GetAll()
	visible, _ := r.log.news()
	switch {
	case o.GetStart() != nil:
		return start{}, nil
	case o.GetEnd() != nil:
		end := r.log.visibleEnd()
		return start{index: visible, commit: end}, nil
	}
	p := o.GetPosition()
	if p.GetPreparePosition() > p.GetCommitPosition() {
		return start{}, errHandler
	}
	s := start{commit: p.GetCommitPosition(), prepare: p.GetPreparePosition()}
	var exact bool
	s.index, exact = r.log.at(s.commit)
	s.invalid = !exact && s.commit < r.log.visibleEnd()
	return s, nil
}

// readAll answers a read of all streams.
func (r *reading) readAll() error {
	f, err := filterOf(r.options)
	if err != nil {
		return errHandler
	}
	result := "Unexpected ReadAllResult: "
	if f != nil {
		result = "Unexpected FilteredReadAllResult: "
	}
	s, err := r.startOf()
	if err != nil {
		return err
	}
	if r.backwards() && s.invalid && s.commit < firstEpoch {
		return nil // before the first record that could be read there is nothing
	}
	if s.invalid && r.server.newer() {
		return status.Error(codes.Unknown, result+"InvalidPosition")
	}
	if s.invalid || r.options.GetCount() == 0 {
		return status.Error(codes.Unknown, result+"Error")
	}
	log := &reader{medium: r.log.medium, limit: r.log.visibleEnd(), ahead: readAhead}
	if r.backwards() {
		log.ahead = 0
		return r.allBackwards(s, f, log)
	}
	return r.allForwards(s, f, log)
}

const (
	readAhead = 256 << 10 // bytes read at once where records are read in a row
	lookAhead = 512       // entries looked up at once
)

func (r *reading) allForwards(s start, f *filter, log *reader) error {
	left := r.options.GetCount()
	for i := s.index; ; {
		entries := r.log.some(i, lookAhead)
		if len(entries) == 0 {
			return nil
		}
		i += len(entries)
		log.limit = r.log.visibleEnd()
		for _, e := range entries {
			ok, err := r.pass(e, f, log)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			if left--; left == 0 {
				return nil
			}
		}
	}
}

// allBackwards gives what ends before the place: with a prepare position less
// than the commit position, the record just before ends too late, as it does
// on the server.
func (r *reading) allBackwards(s start, f *filter, log *reader) error {
	left := r.options.GetCount()
	most := s.commit
	if s.prepare < s.commit && r.options.GetAll().GetPosition() != nil {
		most--
	}
	for i := s.index; i > 0 && left > 0; {
		from := max(0, i-lookAhead)
		entries := r.log.some(from, i-from)
		i = from
		for j := len(entries) - 1; j >= 0 && left > 0; j-- {
			if e := entries[j]; e.pos+uint64(e.size) <= most {
				ok, err := r.pass(e, f, log)
				if err != nil {
					return err
				}
				if ok {
					left--
				}
			}
		}
	}
	return nil
}

// pass sends an event that the filter lets through and reports whether it did.
func (r *reading) pass(e entry, f *filter, log *reader) (bool, error) {
	if e.kind != isEvent {
		return false, nil
	}
	if ok, err := f.lets(e, log); err != nil || !ok {
		return false, handlerError(err)
	}
	ev, err := log.event(e)
	if err != nil {
		return false, handlerError(err)
	}
	return true, r.send(&ev)
}
