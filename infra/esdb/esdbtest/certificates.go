package esdbtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certificates are an authority of the double's own and a node's certificate.
type certificates struct {
	dir       string
	temporary bool
	authority tls.Certificate
	node      tls.Certificate
}

// openCertificates makes certificates, or takes those a directory has.
func openCertificates(dir, address string) (*certificates, error) {
	c := &certificates{dir: dir}
	if dir == "" {
		made, err := os.MkdirTemp("", "esdbtest-")
		if err != nil {
			return nil, err
		}
		c.dir, c.temporary = made, true
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	hosts := []string{"127.0.0.1", "::1", "localhost"}
	if host, _, err := net.SplitHostPort(address); err == nil && host != "" {
		hosts = append(hosts, host)
	}
	var err error
	if c.authority, err = c.issue("ca", "esdbtest authority", nil); err == nil {
		c.node, err = c.issue("node", "eventstoredb-node", hosts)
	}
	return c, err
}

// issue gives the certificate in NAME.pem and NAME.key, made where there is
// none. The authority signs itself and the others; hosts are those of a server.
func (c *certificates) issue(name, common string, hosts []string) (tls.Certificate, error) {
	certFile, keyFile := filepath.Join(c.dir, name+".pem"), filepath.Join(c.dir, name+".key")
	if pair, err := tls.LoadX509KeyPair(certFile, keyFile); err == nil || !errors.Is(err, os.ErrNotExist) {
		return pair, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: common},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	parent, signer := template, any(key)
	if name == "ca" {
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	} else {
		parent, signer = c.authority.Leaf, c.authority.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return tls.Certificate{}, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return tls.Certificate{}, err
	}
	err = errors.Join(
		os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.LoadX509KeyPair(certFile, keyFile)
}

// server is the TLS side of a node: a client may show a certificate of the
// authority instead of a password.
func (c *certificates) server() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(c.authority.Leaf)
	return &tls.Config{Certificates: []tls.Certificate{c.node}, ClientCAs: pool, ClientAuth: tls.VerifyClientCertIfGiven}
}

func (c *certificates) caFile() string { return filepath.Join(c.dir, "ca.pem") }

func (c *certificates) remove() {
	if c.temporary {
		_ = os.RemoveAll(c.dir) // in the system's temporary directory, which is swept anyway
	}
}

// CAFile is the file with the certificate of the authority, for clients; empty
// without TLS.
func (s *Server) CAFile() string {
	if s.certs == nil {
		return ""
	}
	return s.certs.caFile()
}

// ClientCertificate makes a certificate with which a client is the user named,
// without a password. It needs TLS.
func (s *Server) ClientCertificate(user string) (certFile, keyFile string, err error) {
	if s.certs == nil {
		return "", "", errors.New("a server without TLS knows no certificates")
	}
	name := "user-" + user
	if _, err := s.certs.issue(name, user, nil); err != nil {
		return "", "", fmt.Errorf("certificate for %s: %w", user, err)
	}
	return filepath.Join(s.certs.dir, name+".pem"), filepath.Join(s.certs.dir, name+".key"), nil
}
