package graphqlws

import "github.com/go-json-experiment/json/jsontext"

// closing says how a socket ends: by a code of WebSocket's or of the protocol's, and in words that hold nothing of what was sent.
type closing struct {
	code   int
	reason string
}

// The ends of a socket.
var (
	badMessage      = closing{4400, "Invalid message: it must be a JSON object with what the protocol has for its type"}
	unacknowledged  = closing{4401, "Unauthorized: an operation must wait for connection_ack"}
	callerExpired   = closing{4403, "Forbidden: the token has expired"}
	badProtocol     = closing{4406, "Subprotocol not acceptable: this server speaks " + Protocol}
	initTimedOut    = closing{4408, "Connection initialisation timeout"}
	operationExists = closing{4409, "Subscriber already exists: an id is free once its operation has ended"}
	tooManyInits    = closing{4429, "Too many initialisation requests"}
	internalError   = closing{4500, "Internal server error"}
	goingAway       = closing{1001, "The server is stopping"}
)

// An action is what a message asks of the server. The zero action is nothing.
type action struct {
	// send is a message to the client.
	send []byte
	// init asks who the caller is, by the payload of connection_init; then acknowledge is due.
	init bool
	// start begins an operation by the payload of subscribe, and stop ends one.
	start, stop *operation
	payload     jsontext.Value
	// close ends the socket.
	close *closing
}

// operation is one of a socket's. It is open from its subscribe until it has ended on either side.
type operation struct {
	id     string
	cancel func() // set by who runs it
}

// conversation is what is said over one socket, as graphql-transport-ws has it: messages come in, and actions come out. It does
// nothing itself.
type conversation struct {
	initialised, acknowledged bool
	open                      map[string]*operation
	last                      *closing // once no operation is to begin any more
}

// receive takes a message of the client's.
func (c *conversation) receive(data []byte) action {
	m, ok := parse(data)
	if !ok {
		return action{close: &badMessage}
	}
	switch m.Type {
	case typeConnectionInit:
		return c.initialise(m)
	case typePing:
		return action{send: pong}
	case typeSubscribe:
		return c.subscribe(m)
	case typeComplete:
		return c.complete(m)
	default: // pong
		return action{}
	}
}

func (c *conversation) initialise(m message) action {
	if c.initialised {
		return action{close: &tooManyInits}
	}
	c.initialised = true
	return action{init: true, payload: m.Payload}
}

// acknowledge says that the caller is known.
func (c *conversation) acknowledge() []byte {
	c.acknowledged = true
	return ack
}

func (c *conversation) subscribe(m message) action {
	switch {
	case !c.acknowledged:
		return action{close: &unacknowledged}
	case c.open[m.ID] != nil:
		return action{close: &operationExists}
	case c.last != nil:
		return action{} // the client begins it anew once the socket is closed
	}
	if c.open == nil {
		c.open = make(map[string]*operation)
	}
	o := &operation{id: m.ID}
	c.open[m.ID] = o
	return action{start: o, payload: m.Payload}
}

// complete ends an operation for the client, which wants to hear no more of it. Where it crosses the server's own end there is
// none any more.
func (c *conversation) complete(m message) action {
	o := c.open[m.ID]
	if o == nil {
		return action{}
	}
	delete(c.open, m.ID)
	return action{stop: o, close: c.end()}
}

// answer is the message for an answer of an operation. It is the last where goesOn is false; nil where the client wants none.
func (c *conversation) answer(o *operation, a Answer) (message []byte, goesOn bool) {
	switch {
	case c.open[o.id] != o:
		return nil, false
	case a.Kind == Next:
		return encodeAbout(o, typeNext, a.Payload), true
	}
	delete(c.open, o.id)
	if a.Kind == Error {
		return encodeAbout(o, typeError, a.Payload), false
	}
	return nil, false // cut: the client is to begin it anew elsewhere
}

// finish is the message for the end of an operation; nil where the client knows of it.
func (c *conversation) finish(o *operation) []byte {
	if c.open[o.id] != o {
		return nil
	}
	delete(c.open, o.id)
	return encodeAbout(o, typeComplete, nil)
}

// wind lets no operation begin any more. Once the open ones have ended, the socket is to be closed so.
func (c *conversation) wind(last closing) {
	if c.last == nil {
		c.last = &last
	}
}

// end is how the socket is to be closed now; nil while it is not.
func (c *conversation) end() *closing {
	if len(c.open) > 0 {
		return nil
	}
	return c.last
}
