package difyapi

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// scanner reads JSON in the form that Dify writes it, in one pass and without a copy. What it reads is what any other reader of
// JSON would; but it gives up, once and for all, where something is odd or wrong, and leaves it to [decode] to say which.
type scanner struct {
	body   []byte
	text   string // the same bytes
	at     int
	odd    bool // the scanner has given up
	mended []byte
}

// newScanner takes over the body, which must not be changed any more.
func newScanner(body []byte) scanner {
	return scanner{body: body, text: unsafe.String(unsafe.SliceData(body), len(body))} //nolint:gosec // nobody writes to a body that was read
}

// giveUp makes all that follows fail.
func (s *scanner) giveUp() { s.odd, s.at = true, len(s.body) }

// peek is the next byte that is no blank; 0 at the end.
func (s *scanner) peek() byte {
	for s.at < len(s.body) {
		switch c := s.body[s.at]; c {
		case ' ', '\n', '\t', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// expect passes a byte that has to come next.
func (s *scanner) expect(c byte) {
	if s.peek() != c {
		s.giveUp()
		return
	}
	s.at++
}

// skips passes a word that may come next.
func (s *scanner) skips(word string) bool {
	if s.peek() != word[0] || !strings.HasPrefix(s.text[s.at:], word) {
		return false
	}
	s.at += len(word)
	return true
}

// null passes a null, if it comes next.
func (s *scanner) null() bool { return s.skips("null") }

// next passes what stands before the next element of an array or object, and tells whether there is one.
func (s *scanner) next(first bool, end byte) bool {
	switch c := s.peek(); {
	case c == end:
		s.at++
		return false
	case first:
		return !s.odd
	default:
		s.expect(',')
		return !s.odd
	}
}

// members calls for each member of the object that comes next. read is to pass the member's value, or to return false where it
// does not know the name. Names that come twice are odd, as are too many that nobody knows.
func (s *scanner) members(depth int, read func(name string) (bit uint32)) {
	var known uint32
	var others [8]string
	n := 0
	s.expect('{')
	for first := true; s.next(first, '}'); first = false {
		name := s.name()
		bit := uint32(0)
		if read != nil {
			bit = read(name)
		}
		switch {
		case bit != 0:
			if known&bit != 0 {
				s.giveUp()
			}
			known |= bit
		case n == len(others) || slices.Contains(others[:n], name):
			s.giveUp()
		default:
			others[n] = name
			n++
			s.skip(depth)
		}
	}
}

// name passes a name of a member and the colon after it.
func (s *scanner) name() string {
	s.expect('"')
	from := s.at
	s.toSpecial()
	if s.at == len(s.body) || s.body[s.at] != '"' {
		s.giveUp()
		return ""
	}
	name := s.text[from:s.at]
	s.at++
	s.expect(':')
	return name
}

// string passes a string, and returns what it says.
func (s *scanner) string() string {
	s.expect('"')
	from, ascii := s.at, true
	for {
		s.toSpecial()
		switch {
		case s.at == len(s.body) || s.body[s.at] < ' ':
			s.giveUp()
			return ""
		case s.body[s.at] == '"':
			said := s.text[from:s.at]
			s.at++
			if !ascii && !utf8.ValidString(said) {
				s.giveUp()
			}
			return said
		case s.body[s.at] == '\\':
			return s.escaped(from)
		default:
			ascii = false
			s.at++
		}
	}
}

// toSpecial goes to the next byte that is not plain within a string: a control character, a quote, a backslash, or a part of a
// character beyond ASCII. It looks at eight bytes at once.
func (s *scanner) toSpecial() {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	at := s.at
	for ; at+8 <= len(s.body); at += 8 {
		word := binary.LittleEndian.Uint64(s.body[at:])
		quote, backslash := word^(ones*'"'), word^(ones*'\\')
		if ((word-ones*' ')|(quote-ones)|(backslash-ones)|word)&highs != 0 {
			break
		}
	}
	for at < len(s.body) && plain(s.body[at]) {
		at++
	}
	s.at = at
}

func plain(c byte) bool { return c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' }

// escaped passes the rest of a string, of which an escape comes next. Texts with escapes are kept together.
func (s *scanner) escaped(from int) string {
	if s.mended == nil {
		s.mended = make([]byte, 0, 1024)
	}
	length := strings.IndexByte(s.text[s.at:], '"') + s.at - from // at least, and mostly
	if cap(s.mended)-len(s.mended) < length {
		s.mended = make([]byte, 0, max(2*cap(s.mended), length))
	}
	start := len(s.mended)
	for !s.odd {
		s.mended = append(s.mended, s.body[from:s.at]...)
		if s.at == len(s.body) || s.body[s.at] < ' ' {
			s.giveUp()
			break
		}
		if s.body[s.at] == '"' {
			s.at++
			break
		}
		if from = s.at; s.body[s.at] == '\\' {
			s.escape()
			from = s.at
		} else {
			s.at++
		}
		s.toSpecial()
	}
	said := s.mended[start:]
	if s.odd || !utf8.Valid(said) {
		s.giveUp()
		return ""
	}
	return unsafe.String(unsafe.SliceData(said), len(said)) //nolint:gosec // what is appended later is behind it
}

const simpleEscapes, escapedBytes = `"\/bfnrt`, "\"\\/\b\f\n\r\t"

// escape passes one escape, and keeps what it stands for. Half a pair of surrogates is odd.
func (s *scanner) escape() {
	if s.at+2 > len(s.body) {
		s.giveUp()
		return
	}
	c := s.body[s.at+1]
	if i := strings.IndexByte(simpleEscapes, c); i >= 0 {
		s.mended = append(s.mended, escapedBytes[i])
		s.at += 2
		return
	}
	r := s.unit()
	if utf16.IsSurrogate(r) {
		if r = utf16.DecodeRune(r, s.unit()); r == utf8.RuneError {
			s.giveUp()
		}
	}
	s.mended = utf8.AppendRune(s.mended, r)
}

// unit passes \u and four digits.
func (s *scanner) unit() rune {
	const length = 6
	if s.at+length > len(s.body) || s.body[s.at] != '\\' || s.body[s.at+1] != 'u' {
		s.giveUp()
		return 0
	}
	n, err := strconv.ParseUint(s.text[s.at+2:s.at+length], 16, 16)
	if err != nil {
		s.giveUp()
		return 0
	}
	s.at += length
	return rune(n)
}

// number passes a number, and returns it as it is written, and whether it is of digits alone.
func (s *scanner) number() (digits string, whole bool) {
	s.peek()
	from := s.at
	s.passes('-')
	if !s.passes('0') && !s.digits() {
		s.giveUp()
	}
	if whole = s.at > from && s.body[from] != '-'; s.passes('.') {
		whole = false
		s.wantDigits()
	}
	if s.passes('e') || s.passes('E') {
		whole = false
		_ = s.passes('-') || s.passes('+')
		s.wantDigits()
	}
	if s.odd {
		return "", false
	}
	return s.text[from:s.at], whole
}

// passes goes past a byte, if it stands here.
func (s *scanner) passes(c byte) bool {
	if s.at == len(s.body) || s.body[s.at] != c {
		return false
	}
	s.at++
	return true
}

func (s *scanner) digits() bool {
	from := s.at
	for s.at < len(s.body) && s.body[s.at]-'0' <= 9 {
		s.at++
	}
	return s.at > from
}

func (s *scanner) wantDigits() {
	if !s.digits() {
		s.giveUp()
	}
}

// natural passes a whole number that is not negative, of up to 18 digits. Others are odd.
func (s *scanner) natural() (n int64) {
	digits, whole := s.number()
	if !whole || len(digits) > 18 {
		s.giveUp()
		return 0
	}
	for i := range len(digits) {
		n = 10*n + int64(digits[i]-'0')
	}
	return n
}

// maxSkipped is how deep values may be nested that nobody knows.
const maxSkipped = 32

// skip passes a value of any kind.
func (s *scanner) skip(depth int) {
	switch c := s.peek(); {
	case depth > maxSkipped:
		s.giveUp()
	case c == '"':
		s.string()
	case c == '{':
		s.members(depth+1, nil)
	case c == '[':
		s.at++
		for first := true; s.next(first, ']'); first = false {
			s.skip(depth + 1)
		}
	case c == '-' || c-'0' <= 9:
		s.number()
	case !s.null() && !s.skips("true") && !s.skips("false"):
		s.giveUp()
	}
}
