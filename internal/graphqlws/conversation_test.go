package graphqlws

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// script plays both sides of a conversation: a line of the client's is a message, one of the server's begins with a word.
type script struct {
	conversation
	running map[string]*operation // by id, the latest
}

func (s *script) play(line string) string {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "acknowledge":
		return "send " + string(s.acknowledge())
	case "next":
		return s.told(rest, Next)
	case "error":
		return s.told(rest, Error)
	case "cut":
		return s.told(rest, Cut)
	case "finish":
		return shown(action{send: s.finish(s.running[rest]), close: s.end()})
	case "wind":
		s.wind(goingAway)
		return shown(action{close: s.end()})
	default:
		a := s.receive([]byte(line))
		if a.start != nil {
			if s.running == nil {
				s.running = make(map[string]*operation)
			}
			s.running[a.start.id] = a.start
		}
		return shown(a)
	}
}

func (s *script) told(id string, kind Kind) string {
	message, goesOn := s.answer(s.running[id], Answer{Kind: kind, Payload: [][]byte{[]byte(`{"n":`), []byte("1}")}})
	if goesOn != (kind == Next && message != nil) {
		return "goes on where it should not, or not where it should"
	}
	return shown(action{send: message, close: s.end()})
}

func shown(a action) string {
	var said []string
	if a.send != nil {
		said = append(said, "send "+string(a.send))
	}
	if a.init {
		said = append(said, strings.TrimSpace("init "+string(a.payload)))
	}
	if a.start != nil {
		said = append(said, "start "+a.start.id+" "+string(a.payload))
	}
	if a.stop != nil {
		said = append(said, "stop "+a.stop.id)
	}
	if a.close != nil {
		said = append(said, fmt.Sprint("close ", a.close.code))
	}
	return strings.Join(said, "; ")
}

const (
	hello     = `{"type":"connection_init"}`
	subscribe = `{"id":"a","type":"subscribe","payload":{"query":"{x}"}}`
	leave     = `{"id":"a","type":"complete"}`
)

func TestConversation(t *testing.T) {
	t.Parallel()
	greeted := [][2]string{{hello, "init"}, {"acknowledge", `send {"type":"connection_ack"}`}}
	begun := slices.Concat(greeted, [][2]string{{subscribe, `start a {"query":"{x}"}`}})
	for name, steps := range map[string][][2]string{
		"a subscription until it ends":  append(begun[:3:3], [2]string{"next a", `send {"type":"next","id":"a","payload":{"n":1}}`}, [2]string{"finish a", `send {"type":"complete","id":"a"}`}),
		"no complete after an error":    append(begun[:3:3], [2]string{"error a", `send {"type":"error","id":"a","payload":{"n":1}}`}, [2]string{"finish a", ""}),
		"nothing after the client left": append(begun[:3:3], [2]string{leave, "stop a"}, [2]string{"next a", ""}, [2]string{"error a", ""}, [2]string{"finish a", ""}),
		"an id is free after its end":   append(begun[:3:3], [2]string{"finish a", `send {"type":"complete","id":"a"}`}, [2]string{subscribe, `start a {"query":"{x}"}`}),
		"an id is free after an error":  append(begun[:3:3], [2]string{"error a", `send {"type":"error","id":"a","payload":{"n":1}}`}, [2]string{subscribe, `start a {"query":"{x}"}`}),
		"an id is free after leaving":   append(begun[:3:3], [2]string{leave, "stop a"}, [2]string{subscribe, `start a {"query":"{x}"}`}),
		"leaving twice":                 append(begun[:3:3], [2]string{leave, "stop a"}, [2]string{leave, ""}),
		"leaving what is not known":     append(greeted[:2:2], [2]string{leave, ""}),
		"leaving before the ack":        {{leave, ""}},
		"the same id twice":             append(begun[:3:3], [2]string{subscribe, "close 4409"}),
		"another id":                    append(begun[:3:3], [2]string{`{"id":"b","type":"subscribe","payload":{"query":"{x}"}}`, `start b {"query":"{x}"}`}),
		"an operation before init":      {{subscribe, "close 4401"}},
		"an operation before the ack":   {{hello, "init"}, {subscribe, "close 4401"}},
		"init twice":                    append(greeted[:2:2], [2]string{hello, "close 4429"}),
		"init twice before the ack":     {{hello, "init"}, {hello, "close 4429"}},
		"init with a payload":           {{`{"type":"connection_init","payload":{"Authorization":"Bearer t"}}`, `init {"Authorization":"Bearer t"}`}},
		"init with null":                {{`{"type":"connection_init","payload":null}`, "init"}},
		"ping before and after the ack": {{`{"type":"ping"}`, `send {"type":"pong"}`}, {hello, "init"}, {"acknowledge", `send {"type":"connection_ack"}`}, {`{"type":"ping","payload":{"at":1}}`, `send {"type":"pong"}`}},
		"pong unasked":                  {{`{"type":"pong"}`, ""}, {`{"type":"pong","payload":{}}`, ""}},
		"all that subscribe may have": append(greeted[:2:2], [2]string{
			`{"id":"a","type":"subscribe","payload":{"query":"","operationName":null,"variables":{},"extensions":null,"more":1},"more":2}`,
			`start a {"query":"","operationName":null,"variables":{},"extensions":null,"more":1}`,
		}),
		"draining while nothing runs": append(greeted[:2:2], [2]string{"wind", "close 1001"}),
		"draining waits for what runs": append(begun[:3:3], [2]string{"wind", ""}, [2]string{`{"id":"b","type":"subscribe","payload":{"query":"{x}"}}`, ""},
			[2]string{"next a", `send {"type":"next","id":"a","payload":{"n":1}}`}, [2]string{"finish a", `send {"type":"complete","id":"a"}; close 1001`}),
		"draining cuts in silence":       append(begun[:3:3], [2]string{"wind", ""}, [2]string{"cut a", "close 1001"}),
		"draining and the client leaves": append(begun[:3:3], [2]string{"wind", ""}, [2]string{leave, "stop a; close 1001"}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := new(script)
			for i, step := range steps {
				if got := s.play(step[0]); got != step[1] {
					t.Fatalf("step %d, %s:\n got %s\nwant %s", i, step[0], got, step[1])
				}
			}
		})
	}
}

func TestBadMessages(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("i", maxIDBytes+1)
	for name, text := range map[string]string{
		"empty":                      ``,
		"no JSON":                    `SECRET`,
		"cut":                        `{"type":"ping"`,
		"two values":                 hello + hello,
		"null":                       `null`,
		"a text":                     `"ping"`,
		"a list":                     `[]`,
		"a list of a message":        `[` + hello + `]`,
		"no type":                    `{}`,
		"type is null":               `{"type":null}`,
		"type is a number":           `{"type":1}`,
		"type is empty":              `{"type":""}`,
		"an unknown type":            `{"type":"SECRET"}`,
		"a type of the old protocol": `{"type":"start","id":"a","payload":{"query":"{x}"}}`,
		"a type of the server's":     `{"type":"next","id":"a","payload":{}}`,
		"the server's ack":           `{"type":"connection_ack"}`,
		"a type in capitals":         `{"type":"PING"}`,
		"type twice":                 `{"type":"ping","type":"pong"}`,
		"no UTF-8":                   "{\"type\":\"ping\",\"payload\":{\"a\":\"\xff\"}}",
		"ping with a text":           `{"type":"ping","payload":"SECRET"}`,
		"init with a list":           `{"type":"connection_init","payload":[]}`,
		"subscribe without id":       `{"type":"subscribe","payload":{"query":"{x}"}}`,
		"an empty id":                `{"id":"","type":"subscribe","payload":{"query":"{x}"}}`,
		"an id that is a number":     `{"id":1,"type":"subscribe","payload":{"query":"{x}"}}`,
		"a long id":                  `{"id":"` + long + `","type":"subscribe","payload":{"query":"{x}"}}`,
		"subscribe without payload":  `{"id":"a","type":"subscribe"}`,
		"payload is null":            `{"id":"a","type":"subscribe","payload":null}`,
		"payload is a text":          `{"id":"a","type":"subscribe","payload":"{x}"}`,
		"no query":                   `{"id":"a","type":"subscribe","payload":{}}`,
		"query is null":              `{"id":"a","type":"subscribe","payload":{"query":null}}`,
		"query is a number":          `{"id":"a","type":"subscribe","payload":{"query":1}}`,
		"variables are a text":       `{"id":"a","type":"subscribe","payload":{"query":"{x}","variables":"{}"}}`,
		"operationName is a number":  `{"id":"a","type":"subscribe","payload":{"query":"{x}","operationName":1}}`,
		"extensions are a list":      `{"id":"a","type":"subscribe","payload":{"query":"{x}","extensions":[]}}`,
		"query twice":                `{"id":"a","type":"subscribe","payload":{"query":"{x}","query":"{y}"}}`,
		"complete without id":        `{"type":"complete"}`,
		"complete with an empty id":  `{"type":"complete","id":""}`,
	} {
		s := new(script)
		s.initialised, s.acknowledged = true, true
		if a := s.receive([]byte(text)); a.close == nil || a.close.code != 4400 || strings.Contains(a.close.reason, "SECRET") {
			t.Errorf("%s: %s", name, shown(a))
		}
	}
}

// TestReasonsFit: a frame that closes a socket has room for 123 bytes.
func TestReasonsFit(t *testing.T) {
	t.Parallel()
	for _, c := range []closing{
		badMessage, unacknowledged, callerExpired, badProtocol, initTimedOut, operationExists, tooManyInits, internalError, goingAway,
	} {
		if c.reason == "" || len(c.reason) > maxReasonBytes {
			t.Errorf("%d: %q has %d bytes", c.code, c.reason, len(c.reason))
		}
	}
}

// TestConversationsHoldTheProtocol plays conversations at random beside a list of what is open, as the protocol has it.
func TestConversationsHoldTheProtocol(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, open, closed := new(script), map[string]bool{}, false
		greeted, acknowledged, winding := false, false, false
		var ids []string
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if closed {
				return
			}
			id := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id")
			kind := rapid.SampledFrom([]string{"init", "acknowledge", "subscribe", "complete", "next", "error", "cut", "finish", "wind", "ping"}).Draw(t, "kind")
			line, want := kind+" "+id, ""
			known := s.running[id] != nil
			end := func() string {
				if winding && len(open) == 0 {
					closed = true
					return "close 1001"
				}
				return ""
			}
			switch kind {
			case "init":
				line, want = hello, "init"
				if closed = greeted; closed {
					want = "close 4429"
				}
				greeted = true
			case "acknowledge":
				if !greeted || acknowledged {
					continue
				}
				acknowledged, want = true, `send {"type":"connection_ack"}`
			case "subscribe":
				line = strings.Replace(subscribe, `"a"`, `"`+id+`"`, 1)
				switch {
				case !acknowledged:
					closed, want = true, "close 4401"
				case open[id]:
					closed, want = true, "close 4409"
				case !winding:
					open[id], want = true, "start "+id+` {"query":"{x}"}`
					ids = append(ids, id)
				}
			case "complete":
				line = strings.Replace(leave, `"a"`, `"`+id+`"`, 1)
				if open[id] {
					delete(open, id)
					want = strings.TrimSuffix("stop "+id+"; "+end(), "; ")
				}
			case "next", "error", "cut", "finish":
				if !known {
					continue
				}
				said := map[string]string{
					"next": `send {"type":"next","id":"` + id + `","payload":{"n":1}}`, "error": `send {"type":"error","id":"` + id + `","payload":{"n":1}}`,
					"finish": `send {"type":"complete","id":"` + id + `"}`,
				}[kind]
				if !open[id] {
					said = ""
				}
				if kind != "next" {
					delete(open, id)
				}
				want = strings.Trim(said+"; "+end(), "; ")
			case "wind":
				winding = true
				want = end()
			case "ping":
				line, want = `{"type":"ping"}`, `send {"type":"pong"}`
			}
			if got := s.play(strings.TrimSpace(line)); got != want {
				t.Fatalf("%s (begun: %v, open: %v):\n got %s\nwant %s", line, ids, open, got, want)
			}
		}
	})
}

// FuzzMessages: whatever is sent, it is refused in words of our own, or it is what its type says.
func FuzzMessages(f *testing.F) {
	for _, seed := range []string{hello, subscribe, leave, `{"type":"ping","payload":{}}`, `{"type":1}`, `[]`, ``, "\xff", `{"type":"pong","type":"ping"}`} {
		f.Add([]byte(seed), []byte(subscribe))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		s := new(script)
		s.initialised, s.acknowledged = true, true
		for _, text := range [][]byte{first, second} {
			a := s.receive(text)
			switch {
			case a.close != nil && a.close.reason == "",
				a.start != nil && (a.start.id == "" || len(a.start.id) > maxIDBytes || a.payload.Kind() != '{' || !a.payload.IsValid()),
				a.init && a.payload != nil && a.payload.Kind() != '{':
				t.Fatalf("%q: %s", text, shown(a))
			}
			if a.close != nil {
				return
			}
			if a.start == nil {
				continue
			}
			if m, ok := parse(encodeAbout(a.start, typeComplete, nil)); !ok || m.ID != a.start.id {
				t.Fatalf("%q: its id is %q on the way back", text, m.ID)
			}
		}
	})
}
