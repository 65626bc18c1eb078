package esdbtest

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// account is who calls; nil is nobody in particular.
type account struct {
	name   string
	groups []string
}

// The rights of a stream's access list.
const (
	mayRead   = "$r"
	mayWrite  = "$w"
	mayDelete = "$d"
)

var errUnauthenticated = status.Error(codes.Unauthenticated, "Unauthenticated")

// authenticate tells who calls, by password or by client certificate.
func (s *Server) authenticate(ctx context.Context) (*account, error) {
	if s.certs == nil {
		return nil, nil
	}
	if values := metadata.ValueFromIncomingContext(ctx, "authorization"); len(values) > 0 {
		encoded, ok := strings.CutPrefix(values[0], "Basic ")
		text, err := base64.StdEncoding.DecodeString(encoded)
		name, password, pair := strings.Cut(string(text), ":")
		user, known := s.options.Users[name]
		if !ok || err != nil || !pair || !known || subtle.ConstantTimeCompare([]byte(password), []byte(user.Password)) == 0 {
			return nil, errUnauthenticated
		}
		return &account{name, user.Groups}, nil
	}
	p, _ := peer.FromContext(ctx)
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.VerifiedChains) == 0 {
		return nil, nil
	}
	name := info.State.VerifiedChains[0][0].Subject.CommonName
	user, known := s.options.Users[name]
	if !known {
		return nil, errUnauthenticated
	}
	return &account{name, user.Groups}, nil
}

// may refuses a call without the right it needs on a stream; $all is one too.
func (v *visit) may(right, stream string) error {
	if v.server.certs == nil || v.log.allows(v.account, right, stream) {
		return nil
	}
	return refuse(v.ctx, codes.PermissionDenied, "Access Denied", "exception", "access-denied")
}

// allows decides by the stream's access list and, where it has none for the
// right, by the server's: system streams ($all among them) are for
// administrators, others for every account. A metadata stream goes by the
// metadata rights of the stream it describes.
func (x *index) allows(a *account, right, name string) bool {
	if a != nil && slices.Contains(a.groups, "$admins") {
		return true
	}
	if of, ok := strings.CutPrefix(name, "$$"); ok {
		name = of
		right = "$m" + right[1:]
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	if st := x.streams[name]; st != nil {
		if list, ok := st.meta.ACL[right]; ok {
			return slices.ContainsFunc(list, a.is)
		}
	}
	return a != nil && !strings.HasPrefix(name, "$")
}

// is reports whether a name in an access list means the account.
func (a *account) is(name string) bool {
	return name == "$all" || a != nil && (name == a.name || slices.Contains(a.groups, name))
}

// putFirst writes what an empty database begins with.
func (w *writing) putFirst(o Options) {
	first := func(stream, typ, data string) {
		w.put(event{kind: isEvent, json: true, id: uuid.New(), stream: stream, typ: typ, data: []byte(data),
			revision: uint64(w.stream(stream, true).last() + 1)})
	}
	first("$$$scavenges", "$metadata", `{"$maxAge":2592000,"$acl":{"$r":"$ops","$w":[],"$d":[],"$mr":[],"$mw":[]}}`)
	if !o.TLS {
		return
	}
	for _, name := range []string{"admin", "ops"} {
		first("$user-"+name, "$UserCreated", `{"LoginName":"`+name+`"}`)
		first("$$$user-"+name, "$metadata", `{"$acl":{"$r":["$admins"],"$w":["$admins"]}}`)
		first("$users", "$User", name)
	}
}
