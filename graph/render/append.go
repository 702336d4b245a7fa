package render

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/difygraph/difygraph/graph/model"
)

// The functions of this file append values as gqlgen would write them.

const null = "null"

func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }

func appendInt64(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) }

func appendFloat(b []byte, f float64) []byte { return strconv.AppendFloat(b, f, 'g', -1, 64) }

func appendEnum(b []byte, name string) []byte {
	return append(append(append(b, '"'), name...), '"')
}

func appendID(b []byte, id model.ID) []byte { return append(id.Append(append(b, '"')), '"') }

// appendOptional appends null for nil.
func appendOptional[T any](b []byte, v *T, write func([]byte, T) []byte) []byte {
	if v == nil {
		return append(b, null...)
	}
	return write(b, *v)
}

func appendTime(b []byte, t time.Time) []byte { return model.AppendDateTime(b, t) }

func appendJSON(b []byte, v jsontext.Value) []byte {
	if len(v) == 0 {
		return append(b, null...)
	}
	return append(b, v...)
}

const hexDigits = "0123456789ABCDEF"

// appendString appends a text that is valid UTF-8.
func appendString(b []byte, text string) []byte {
	b = append(b, '"')
	from := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, text[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
	}
	return append(append(b, text[from:]...), '"')
}
