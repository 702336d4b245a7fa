package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// An attack is one thing that a caller can do to a server. What it gets for it is of no interest.
type attack struct {
	name string
	do   func(*attacker, context.Context)
}

// attacks are those that a caller with a token can make, and a stranger.
var attacks = []attack{
	{"fragments without fields, spread by the dozen", sends(fragmentBomb(12, 40), nil)},
	{"many names for one large field", sends(manyNames("large", "inputs", 100), nil)},
	{"many names for one small field", sends(manyNames("healthy", "statusText", 90), nil)},
	{"a list in a variable, used by many", sends(manyUses(25), map[string]any{"v": make([]string, 50_000)})},
	{"a variable that nobody declares", sends(`{difyApps {key}}`, map[string]any{"undeclared": make([]struct{}, 300_000)})},
	{"a variable in itself", func(a *attacker, ctx context.Context) {
		a.post(ctx, fmt.Sprintf(`{"query": "query($v: [ID!]!) {nodes(ids: $v) {id}}", "variables": {"v": %s}}`, strings.Repeat("[", 200_000)), nil)
	}},
	{"introspection by many names", sends(introspection(30), nil)},
	{"introspection in itself", sends("{__schema {types {"+strings.Repeat("fields {type {", 5)+"name"+strings.Repeat("}}", 5)+"}}}", nil)},
	{"a crowded second", sends(`{workflowLogs(apps: ["crowded"], first: 100) {nodes {uuid}}}`, nil)},
	{"an app that does not answer", sends(`{workflowLogs(apps: ["hanging"], first: 1) {nodes {uuid}}}`, nil)},
	{"many apps that do not answer, and one that does", sends(`{workflowLogs(first: 1, onAppFailure: PARTIAL) {nodes {uuid}}}`, nil)},
	{"runs that do not exist", func(a *attacker, ctx context.Context) {
		a.query(ctx, fmt.Sprintf(`{workflowRun(app: "healthy", uuid: %q) {inputs}}`, uuid.NewString()))
	}},
	{"a thousand references", sends(`query($r: [_Any!]!) {_entities(representations: $r) {... on DifyApp {key mode}}}`, map[string]any{"r": references(1000)})},
	{"every document another one", func(a *attacker, ctx context.Context) {
		a.query(ctx, fmt.Sprintf(`{difyApps {a%d: key}} # %s`, rand.Int64(), strings.Repeat("x", 1000)))
	}},
	{"an invalid document", func(a *attacker, ctx context.Context) { a.query(ctx, invalidDocument()) }},
	{"a flood of bodies", flood(8, 960<<10)},
	{"an answer that nobody waits for", func(a *attacker, ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		a.query(ctx, `{workflowLogs(apps: ["healthy"], last: 100) {nodes {workflowRun {outputs}}}}`)
	}},
	{"a long header of a stranger", func(a *attacker, ctx context.Context) {
		a.post(ctx, `{"query": "{difyApps {key}}"}`, http.Header{"Accept": {strings.Repeat("a/b;q=0.1,", 6000)}, "Authorization": {"Bearer dg_wrong"}})
	}},
	{"wrong tokens", func(a *attacker, ctx context.Context) {
		a.post(ctx, `{"query": "{difyApps {key}}"}`, http.Header{"Authorization": {"Bearer eyJhbGciOiJSUzI1NiJ9.e30." + strings.Repeat("A", 4000)}})
	}},
	{"tokens of unknown keys", func(a *attacker, ctx context.Context) { a.stranger(ctx, a.forgedToken(300)) }},
	{"tokens that are too long", func(a *attacker, ctx context.Context) { a.stranger(ctx, a.forgedToken(12<<10)) }},
	{"strangers from many addresses", func(a *attacker, ctx context.Context) { a.strangers(ctx, 20) }},
	{"a body that takes its time", func(a *attacker, ctx context.Context) { a.drip(ctx) }},
	{"connections without a request", func(a *attacker, ctx context.Context) { a.idle(ctx, 50) }},
}

// sends makes a request whose body is made once: who attacks is not to take the CPU that others are measured by.
func sends(query string, variables map[string]any) func(*attacker, context.Context) {
	body := sync.OnceValue(func() string { return bodyOf(query, variables) })
	return func(a *attacker, ctx context.Context) { a.post(ctx, body(), nil) }
}

// flood sends so many bodies at once, each with a variable of that size that nobody declares.
func flood(bodies, bytes int) func(*attacker, context.Context) {
	one := sends("{difyApps {key}}", map[string]any{"undeclared": strings.Repeat("x", bytes)})
	return func(a *attacker, ctx context.Context) {
		var sent sync.WaitGroup
		for range bodies {
			sent.Go(func() { one(a, ctx) })
		}
		sent.Wait()
	}
}

// references are so many of one app.
func references(n int) []map[string]string {
	all := make([]map[string]string, n)
	for i := range all {
		all[i] = map[string]string{"__typename": "DifyApp", "key": "healthy"}
	}
	return all
}

func fragmentBomb(fragments, spreads int) string {
	var text strings.Builder
	text.WriteString("{difyApps {...f0}}")
	for i := range fragments {
		fmt.Fprintf(&text, " fragment f%d on DifyApp {%s}", i, strings.Repeat(fmt.Sprintf("...f%d ", i+1), spreads))
	}
	return text.String()
}

func manyNames(app, field string, names int) string {
	var text strings.Builder
	for i := range names {
		fmt.Fprintf(&text, "a%d: %s ", i, field)
	}
	return fmt.Sprintf(`{workflowLogs(apps: [%q], first: 20) {nodes {workflowRun {%s}}}}`, app, text.String())
}

func manyUses(uses int) string {
	var text strings.Builder
	for i := range uses {
		fmt.Fprintf(&text, "a%d: workflowLogs(apps: $v) {totalCount} ", i)
	}
	return "query($v: [String!]) {" + text.String() + "}"
}

func introspection(names int) string {
	var text strings.Builder
	for i := range names {
		fmt.Fprintf(&text, "a%d: __schema {types {name description fields {name description args {name type {name}} type {name}}}} ", i)
	}
	return "{" + text.String() + "}"
}

// invalidDocuments are those that take longest to refuse: what is before, again and again between, and after.
var invalidDocuments = [][3]string{
	{"{workflowLogs {nodes {workflowRun {", "a# ", "}}}}"},
	{"{workflowLogs {nodes {workflowRun {", strings.Repeat("status", 20) + "# ", "}}}}"},
	{"{__typename} ", "fragment F# on WorkflowLo {a} ", ""},
	{"{__typename} ", "fragment F# on " + strings.Repeat("Run", 40) + " {a} ", ""},
	{"{difyApps {key ", "@a# ", "}}"},
	{"{", "...F# ", "}"},
	{"{workflowLogs(filter: {", "statusx#: 1 ", "}) {totalCount}}"},
	{"query(", "$v#: Int ", ") {__typename}"},
}

// invalidDocument is one of them, of a length up to 16 KiB.
func invalidDocument() string {
	shape, length := invalidDocuments[rand.IntN(len(invalidDocuments))], 256<<rand.IntN(7)
	var text strings.Builder
	text.WriteString(shape[0])
	for i := 0; text.Len() < length; i++ {
		text.WriteString(strings.ReplaceAll(shape[1], "#", strconv.Itoa(i)))
	}
	return text.String() + shape[2]
}

// attacker makes attacks under a token of its own.
type attacker struct {
	url, address, token string
	issuer              string // of JWTs
	client              *http.Client

	mu    sync.Mutex
	count map[string]int
}

// run makes attacks side by side until ctx ends.
func (a *attacker) run(ctx context.Context, atOnce int) {
	var running sync.WaitGroup
	for range atOnce {
		running.Go(func() {
			for ctx.Err() == nil {
				next := attacks[rand.IntN(len(attacks))]
				a.mu.Lock()
				a.count[next.name]++
				a.mu.Unlock()
				next.do(a, ctx)
			}
		})
	}
	running.Wait()
}

func (a *attacker) query(ctx context.Context, query string) {
	a.post(ctx, bodyOf(query, nil), nil)
}

func bodyOf(query string, variables map[string]any) string {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		panic(err) // texts and lists alone
	}
	return string(body)
}

func (a *attacker) post(ctx context.Context, body string, header http.Header) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, strings.NewReader(body))
	if err != nil {
		return
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+a.token)
	maps.Copy(request.Header, header)
	response, err := a.client.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
}

// stranger asks with a token that is none.
func (a *attacker) stranger(ctx context.Context, token string) {
	a.post(ctx, `{"query": "{difyApps {key}}"}`, http.Header{"Authorization": {"Bearer " + token}})
}

// forgedToken is a JWT in the name of the issuer, of a key that it does not have, with a claim of so many bytes.
func (a *attacker) forgedToken(bytes int) string {
	part := base64.RawURLEncoding.EncodeToString
	header := part(fmt.Appendf(nil, `{"alg":"ES256","typ":"JWT","kid":%q}`, uuid.NewString()))
	claims := part(fmt.Appendf(nil, `{"iss":%q,"aud":%q,"sub":"ann","exp":9999999999,"more":%q}`, a.issuer, audience, strings.Repeat("x", bytes)))
	return header + "." + claims + "." + part(make([]byte, 64))
}

// strangers come from so many addresses, one after the other.
func (a *attacker) strangers(ctx context.Context, addresses int) {
	for range addresses {
		from := net.IPv4(127, byte(1+rand.IntN(250)), byte(rand.IntN(250)), 1)
		transport := &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}).DialContext}
		one := &attacker{url: a.url, client: &http.Client{Transport: transport}}
		one.stranger(ctx, "dg_wrong")
		transport.CloseIdleConnections()
	}
}

// drip sends a body byte by byte.
func (a *attacker) drip(ctx context.Context) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", a.address)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n", a.address, a.token)
	a.pause(ctx, conn, bytes.Repeat([]byte(" "), 1000))
}

// idle opens connections and sends nothing.
func (a *attacker) idle(ctx context.Context, connections int) {
	for range connections {
		if conn, err := new(net.Dialer).DialContext(ctx, "tcp", a.address); err == nil {
			defer func() { _ = conn.Close() }()
		}
	}
	a.pause(ctx, nil, nil)
}

// pause lasts two seconds, in which bytes are written now and then.
func (a *attacker) pause(ctx context.Context, conn net.Conn, chunk []byte) {
	ticks := time.NewTicker(100 * time.Millisecond)
	defer ticks.Stop()
	for range 20 {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		if conn == nil {
			continue
		}
		if _, err := conn.Write(chunk); err != nil {
			return
		}
	}
}
