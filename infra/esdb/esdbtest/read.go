package esdbtest

import (
	"context"
	"strconv"
	"strings"

	api "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// reading is a read or a subscription on its way.
type reading struct {
	*visit
	call       api.Streams_ReadServer
	options    *api.ReadReq_Options
	structured bool
	events     int // sent so far
}

// Read answers a read of a stream or of all, and a subscription to either.
func (s *streams) Read(q *api.ReadReq, call api.Streams_ReadServer) error {
	o := q.GetOptions()
	kind := Read
	if o.GetSubscription() != nil {
		kind = Subscribe
	}
	v, err := s.server.arrive(call.Context(), kind)
	if err != nil {
		return err
	}
	r := &reading{visit: v, call: call, options: o, structured: o.GetUuidOption().GetStructured() != nil}
	name := "$all"
	if o.GetStream() != nil {
		if name = string(o.GetStream().GetStreamIdentifier().GetStreamName()); name == "" {
			return errHandler
		}
	}
	if err := v.may(mayRead, name); err != nil {
		return err
	}
	if err := v.mustLead(); err != nil {
		return err
	}
	if err := r.run(kind, name); err != nil {
		return err
	}
	return v.leave()
}

func (r *reading) run(kind Call, name string) error {
	whole := r.options.GetStream() == nil
	if kind == Subscribe {
		return r.server.subscribe(r.call.Context(), func(ctx context.Context) error {
			r.ctx = ctx
			if whole {
				return r.subscribeAll()
			}
			return r.subscribeStream(name)
		})
	}
	if whole {
		return r.readAll()
	}
	return r.readStream(name)
}

func (r *reading) send(e *event) error {
	answer := eventAnswer(e, r.structured)
	if r.options.GetResolveLinks() && e.typ == linkType {
		r.resolve(answer.GetEvent(), string(e.data))
	}
	if err := r.call.Send(answer); err != nil {
		return err
	}
	r.events++
	return r.sent(r.events)
}

// linkType is the type of an event that stands for another, told in its data
// as REVISION@STREAM.
const linkType = "$>"

// resolve puts the event a link stands for before the link; a link to nothing
// comes alone.
func (r *reading) resolve(answer *api.ReadResp_ReadEvent, to string) {
	number, name, _ := strings.Cut(to, "@")
	revision, err := strconv.ParseUint(number, 10, 64)
	answer.Link, answer.Event = answer.Event, nil
	view := r.log.view(name)
	if err != nil || !view.exists || revision < view.first || revision >= view.count {
		return
	}
	log := &reader{medium: r.log.medium, limit: r.log.visibleEnd()}
	if e, err := log.event(r.log.revision(name, revision)); err == nil {
		answer.Event = eventAnswer(&e, r.structured).GetEvent().GetEvent()
	}
}

func (r *reading) backwards() bool {
	return r.options.GetReadDirection() == api.ReadReq_Options_Backwards
}

// compatible reports whether the client wants to be told where a stream
// begins and ends.
func (r *reading) compatible() bool { return r.options.GetControlOption().GetCompatibility() > 0 }

// readStream answers a read of one stream.
func (r *reading) readStream(name string) error {
	o := r.options.GetStream()
	view := r.log.view(name)
	switch {
	case view.tombstone:
		return streamDeleted(r.call.Context(), name)
	case r.options.GetCount() == 0 || o.GetEnd() != nil && !r.backwards():
		return status.Error(codes.Unknown, "Unexpected ReadStreamResult: Error")
	case !view.exists:
		return r.call.Send(notFound(name))
	}
	if err := r.sendStream(name, view); err != nil || !r.compatible() {
		return err
	}
	if r.events == 0 && !r.backwards() {
		if err := r.call.Send(&api.ReadResp{Content: &api.ReadResp_FirstStreamPosition{FirstStreamPosition: view.count}}); err != nil {
			return err
		}
	}
	return r.call.Send(&api.ReadResp{Content: &api.ReadResp_LastStreamPosition{LastStreamPosition: view.count - 1}})
}

// sendStream sends the events asked for of a stream that is there.
func (r *reading) sendStream(name string, view streamView) error {
	o, left := r.options.GetStream(), r.options.GetCount()
	next, step := max(o.GetRevision(), view.first), uint64(1)
	if r.backwards() {
		next, step = view.count-1, ^uint64(0) // one back
		if o.GetEnd() == nil {
			next = min(next, o.GetRevision())
		}
	}
	log := &reader{medium: r.log.medium, limit: r.log.visibleEnd()}
	for ; left > 0 && next >= view.first && next < view.count; next += step {
		e, err := log.event(r.log.revision(name, next))
		if err != nil {
			return handlerError(err)
		}
		if e.created < view.oldest {
			continue
		}
		if err := r.send(&e); err != nil {
			return err
		}
		left--
	}
	return nil
}
