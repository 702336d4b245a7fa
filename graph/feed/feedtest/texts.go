package feedtest

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// families are texts with one beginning, as much of it as Dify compares and more: it finds all of a family where one is
// asked for.
var families = []struct {
	beginning string
	ends      []string
}{
	{"The quick brown fox jumps over the ", []string{"lazy dog", "lazy dogs of 京都", "lazy cat"}},
	{"京都市東山区清水", []string{"一丁目", "一丁目の寺", "二丁目"}},                                                 // five of them are compared
	{"😀😁😂", []string{"🤣 laughs", "🤣 Laughs twice", "🤣 weeps"}},                                    // two
	{`C:\new "files"` + "\n\tand /more/\x7f", []string{"\n\"end\"", "\n\"end\" \\ x", "\n'end'"}}, // 30 characters end within an escape
	{"Straße nach ÉCOLE – ", []string{"Zürich", "ZüRICH", "ZÜRICH", "zÜrich"}},                    // case counts for Ü, not for the rest
	{"100% of_all: the first thirty ", []string{"%", "_", "%%"}},
}

// byLongKeyword asks for a text of a family, in any case, perhaps without its first characters.
func (f *Filter) byLongKeyword(t *rapid.T) {
	family := rapid.SampledFrom(families).Draw(t, "family")
	wanted := rapid.SampledFrom(family.ends).Draw(t, "wanted")
	others := 1
	if f.rare = rapid.Bool().Draw(t, "rare"); f.rare {
		others = 50
	}
	for _, end := range family.ends {
		n := others
		if end == wanted {
			n = 1
		}
		f.texts = append(f.texts, slices.Repeat([]string{family.beginning + end}, n)...)
	}
	word := []rune(family.beginning + wanted)
	for range rapid.IntRange(0, 2).Draw(t, "cut") {
		if len(difytest.StoredText(string(word[1:]))) > 30 {
			word = word[1:]
		}
	}
	keyword := string(word)
	if rapid.Bool().Draw(t, "other case") {
		keyword = otherCase(keyword)
	}
	f.Keyword = &keyword
	f.add(true, func(r difytest.Row) bool { return difyFinds(r, comparedOf(keyword)) })
	f.inTexts = func(r difytest.Row) bool { return r.Run != nil && hasText(r, keyword) }
}

// comparedOf is the beginning of a keyword that Dify compares, whole characters of it.
func comparedOf(keyword string) string {
	for len(difytest.StoredText(keyword)) > 30 {
		runes := []rune(keyword)
		keyword = string(runes[:len(runes)-1])
	}
	return keyword
}

// difyFinds is Dify's look at a row, for a keyword of up to thirty characters as it stores them.
func difyFinds(r difytest.Row, word string) bool {
	stored := strings.ToLower(difytest.StoredText(word))
	return r.Run != nil && (strings.Contains(strings.ToLower(r.Run.Inputs), stored) || strings.Contains(strings.ToLower(r.Run.Outputs), stored) ||
		r.EndUser != nil && strings.Contains(strings.ToLower(r.EndUser.SessionID), stored))
}

// hasText looks for the whole keyword wherever a row has text.
func hasText(r difytest.Row, keyword string) bool {
	texts := append(stringsOf(r.Run.Inputs), stringsOf(r.Run.Outputs)...)
	if r.EndUser != nil {
		texts = append(texts, r.EndUser.SessionID)
	}
	for _, text := range texts {
		if strings.Contains(lowerLetters(text), lowerLetters(keyword)) {
			return true
		}
	}
	return false
}

// stringsOf are the strings of a JSON text and the names of its members. Of what Python writes and JSON lacks, ours have NaN.
func stringsOf(stored string) []string {
	var value any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(stored, "NaN", "null")), &value); err != nil {
		return nil // a run under way has no outputs
	}
	return stringsIn(value)
}

func stringsIn(value any) (texts []string) {
	switch v := value.(type) {
	case string:
		texts = append(texts, v)
	case []any:
		for _, element := range v {
			texts = append(texts, stringsIn(element)...)
		}
	case map[string]any:
		for name, member := range v {
			texts = append(append(texts, name), stringsIn(member)...)
		}
	}
	return texts
}

// lowerLetters makes the letters A to Z small, and no others.
func lowerLetters(text string) string {
	for letter := 'A'; letter <= 'Z'; letter++ {
		text = strings.ReplaceAll(text, string(letter), string(letter-'A'+'a'))
	}
	return text
}

// otherCase makes the letters a to z large, and no others.
func otherCase(text string) string {
	for letter := 'a'; letter <= 'z'; letter++ {
		text = strings.ReplaceAll(text, string(letter), string(letter-'a'+'A'))
	}
	return text
}

// inputsWith are inputs with a text somewhere in them.
func inputsWith(r *rand.Rand, text string) string {
	stored := difytest.StoredText(text)
	return pick(r,
		`{"q": "`+stored+`"}`,
		`{"n": 7, "deep": {"list": [null, ["see `+stored+`!"]]}}`,
		`{"`+stored+`": true}`,
		`{"x": NaN, "q": "`+stored+`"}`, // Python writes it
	)
}

// text is one of the filter's, in any case, or another.
func (w *World) text() string {
	if len(w.Filter.texts) == 0 || w.random.IntN(5) == 0 {
		return pick(w.random, "京都 tower", `say "hello"`, "Hello World")
	}
	text := pick(w.random, w.Filter.texts...)
	return pick(w.random, text, text, otherCase(text))
}

// outputs are those of a run that has ended.
func (w *World) outputs() string {
	if w.random.IntN(3) > 0 {
		return "{}"
	}
	return `{"answer": "` + difytest.StoredText(w.text()) + `"}`
}
