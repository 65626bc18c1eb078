package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// client is a bare HTTP/1.1 client on one connection. It does as little as
// possible, because it shares the machine's two cores with what it measures.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	body []byte
}

func dial(addr string) (*client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// request builds a request.
func request(method, path, token, body string) []byte {
	head := method + " " + path + " HTTP/1.1\r\nHost: bench\r\n"
	if token != "" {
		head += "Authorization: Bearer " + token + "\r\n"
	}
	if method == "POST" {
		head += "Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	return []byte(head + "\r\n" + body)
}

// do sends a request and reads its answer. The body is valid until the next call.
func (c *client) do(request []byte) (status int, body []byte, err error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, nil, err
	}
	length := -1
	for line := 0; ; line++ {
		text, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		text = bytes.TrimRight(text, "\r\n")
		switch {
		case line == 0:
			if len(text) < 12 {
				return 0, nil, fmt.Errorf("bench: %q is no status line", text)
			}
			status, err = strconv.Atoi(string(text[9:12]))
			if err != nil {
				return 0, nil, err
			}
		case len(text) == 0:
			if length < 0 {
				return status, nil, fmt.Errorf("bench: an answer without Content-Length")
			}
			if cap(c.body) < length {
				c.body = make([]byte, length)
			}
			c.body = c.body[:length]
			_, err := io.ReadFull(c.in, c.body)
			return status, c.body, err
		case len(text) > 15 && strings.EqualFold(string(text[:15]), "content-length:"):
			length, err = strconv.Atoi(strings.TrimSpace(string(text[15:])))
			if err != nil {
				return 0, nil, err
			}
		}
	}
}
