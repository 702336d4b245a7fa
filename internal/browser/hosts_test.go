package browser

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHosts(t *testing.T) {
	t.Parallel()
	handler := Hosts([]string{"Logs.example", "10.0.0.7", "[fd00::1]", "fd00::2"}, refuseInTest)(run)
	for host, known := range map[string]bool{
		"localhost":                  true,
		"localhost:8080":             true,
		"LocalHost:1":                true,
		"localhost.":                 true,
		"localhost.:80":              true,
		"localhost:":                 true,
		"127.0.0.1":                  true,
		"127.0.0.1:8080":             true,
		"[::1]":                      true,
		"[::1]:8080":                 true,
		"[0:0:0:0:0:0:0:1]:8080":     true,
		"logs.example":               true,
		"LOGS.EXAMPLE:443":           true,
		"10.0.0.7:8080":              true,
		"[fd00::1]:80":               true,
		"[FD00:0::2]":                true,
		"":                           false,
		":8080":                      false,
		"evil.example":               false,
		"evil.example:8080":          false,
		"localhost.evil.example":     false,
		"evil.localhost":             false,
		"logs.example.evil.example":  false,
		"evil-logs.example":          false,
		"127.0.0.1.evil.example":     false,
		"127.0.0.2":                  false,
		"127.1":                      false,
		"2130706433":                 false,
		"0x7f.0.0.1":                 false,
		"0.0.0.0:8080":               false,
		"[::]":                       false,
		"[::ffff:127.0.0.1]":         false,
		"::1":                        false,
		"[localhost]":                false,
		"[127.0.0.2]":                false,
		"[::1":                       false,
		"[::1]evil":                  false,
		"localhost:evil":             false,
		"localhost:80:80":            false,
		"localhost@evil.example":     false,
		"evil.example:80@localhost":  false,
		"localhost/":                 false,
		"localhost ":                 false,
		"localhost,evil.example":     false,
		"localhost..":                false,
		"10.0.0.8":                   false,
		"xn--lcalhost-54a":           false,
		"l\u043ecalhost":             false,
		"localhost\u3002":            false,
		"localhost\x00.evil.example": false,
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			w := send(t, handler, http.MethodGet, http.Header{"Host": {host}})
			switch {
			case known && w.Code != http.StatusOK:
				t.Errorf("got %d", w.Code)
			case !known && (w.Code != http.StatusMisdirectedRequest || w.Body.String() != "FORBIDDEN: "+misdirected):
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		})
	}
}

func TestHostsDoesNotAskForwardedHeaders(t *testing.T) {
	t.Parallel()
	handler := Hosts(nil, refuseInTest)(run)
	for _, name := range []string{"X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-Host", "X-Forwarded-Server"} {
		for host, want := range map[string]int{"evil.example": http.StatusMisdirectedRequest, "localhost": http.StatusOK} {
			other := map[string]string{"evil.example": "localhost", "localhost": "evil.example"}[host]
			header := http.Header{"Host": {host}, name: {other, "host=" + other}}
			if w := send(t, handler, http.MethodPost, header); w.Code != want {
				t.Errorf("%s by %s: got %d", host, name, w.Code)
			}
		}
	}
}

// What is called Host, as it comes over the wire.
func TestHostsOverHTTP1(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(Hosts(nil, refuseInTest)(run))
	t.Cleanup(server.Close)
	for request, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n":                                   "HTTP/1.1 200 OK",
		"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n":                                "HTTP/1.1 421 Misdirected Request",
		"GET / HTTP/1.1\r\n\r\n":                                                      "HTTP/1.1 400 Bad Request: missing required Host header",
		"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n":             "HTTP/1.1 400 Bad Request",
		"GET / HTTP/1.1\r\nHost:\r\n\r\n":                                             "HTTP/1.1 421 Misdirected Request",
		"GET / HTTP/1.0\r\n\r\n":                                                      "HTTP/1.0 421 Misdirected Request",
		"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n":                "HTTP/1.1 421 Misdirected Request",
		"GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n\r\n":                "HTTP/1.1 200 OK",
		"GET / HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\n\r\n": "HTTP/1.1 421 Misdirected Request",
	} {
		if got := statusLine(t, server.Listener.Addr().String(), request); got != want {
			t.Errorf("%q: got %s", request, got)
		}
	}
}

func statusLine(t *testing.T, address, request string) string {
	t.Helper()
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	if _, err := io.WriteString(connection, request); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func TestHostsOverHTTP2(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(Hosts(nil, refuseInTest)(run))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	for authority, want := range map[string]int{"localhost:8080": 200, "[::1]": 200, "evil.example": 421} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = authority
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != want || response.ProtoMajor != 2 {
			t.Errorf("%s: got %s %s", authority, response.Proto, response.Status)
		}
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
	}
}

// FuzzHosts holds that a host is answered only where its letters are one of the known names, with a port at most.
func FuzzHosts(f *testing.F) {
	for _, seed := range []string{"localhost", "localhost:80", "[::1]:80", "127.0.0.1", "evil.example", "[[::1]]", "localhost.:", "[0::1]"} {
		f.Add(seed)
	}
	handler := Hosts(nil, refuseInTest)(run)
	f.Fuzz(func(t *testing.T, host string) {
		w := send(t, handler, http.MethodGet, http.Header{"Host": {host}})
		if w.Code != http.StatusOK {
			return
		}
		name := strings.ToLower(host)
		if at := strings.LastIndexByte(name, ':'); at > strings.LastIndexByte(name, ']') && strings.Trim(name[at+1:], "0123456789") == "" {
			name = name[:at]
		}
		switch strings.TrimSuffix(name, ".") {
		case "localhost", "127.0.0.1":
		default:
			if address := net.ParseIP(strings.Trim(name, "[]")); !address.Equal(net.IPv6loopback) || name[0] != '[' {
				t.Errorf("%q is answered", host)
			}
		}
	})
}

func TestHostsOrAddresses(t *testing.T) {
	t.Parallel()
	handler := HostsOrAddresses([]string{"Logs.example"}, refuseInTest)(run)
	for host, known := range map[string]bool{
		"localhost:9090":         true,
		"logs.example:9090":      true,
		"10.0.3.4:9090":          true,
		"[fd00::1]:9090":         true,
		"evil.example:9090":      false,
		"10.0.3.4.evil.example":  false,
		"127.1":                  false,
		"":                       false,
		"[10.0.3.4]evil.example": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if got := w.Code == http.StatusOK; got != known {
			t.Errorf("%q: %d", host, w.Code)
		}
	}
}
