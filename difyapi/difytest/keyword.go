package difytest

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// keywordLimit is how many characters of a keyword Dify compares.
const keywordLimit = 30

// keyword is the search of the list: in the stored inputs, outputs and the end
// user's session id, or for a run's id.
type keyword struct {
	pattern likePattern
	runID   uuid.UUID // zero where the whole keyword is no UUID
}

func newKeyword(version release, text string) *keyword {
	compared := text
	if runes := []rune(text); len(runes) > keywordLimit {
		compared = string(runes[:keywordLimit])
	}
	k := &keyword{pattern: compileLike(keywordPattern(version, compared))}
	if id, err := uuid.Parse(text); err == nil {
		k.runID = id
	}
	return k
}

func (k *keyword) matches(row *Row) bool {
	if row.Run == nil {
		return false
	}
	return k.pattern.matches(row.Run.Inputs) || k.pattern.matches(row.Run.Outputs) ||
		row.EndUser != nil && k.pattern.matches(row.EndUser.SessionID) ||
		k.runID != uuid.UUID{} && k.runID == row.Run.ID
}

// keywordPattern is the right side of Dify's ILIKE. Releases differ: the first
// left the keyword as it is; then it was written the way that Python's
// unicode_escape codec does, to meet the stored form of characters beyond ASCII;
// at last only LIKE's own characters were escaped.
func keywordPattern(version release, text string) string {
	switch {
	case version.has(likeEscaped):
		return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
	case version.has(keywordsEncoded):
		return strings.ReplaceAll("%"+unicodeEscape(text)+"%", `\u`, `\\u`)
	default:
		return "%" + text + "%"
	}
}

// unicodeEscape writes text as Python's codec does: \\, \n, \r, \t, \x.. below
// U+0100, \u.... in the BMP, \U........ beyond.
func unicodeEscape(text string) string {
	short := map[rune]string{'\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`}
	var escaped strings.Builder
	for _, r := range text {
		switch {
		case short[r] != "":
			escaped.WriteString(short[r])
		case r >= ' ' && r < 0x7f:
			escaped.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&escaped, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&escaped, `\u%04x`, r)
		default:
			fmt.Fprintf(&escaped, `\U%08x`, r)
		}
	}
	return escaped.String()
}
