package config

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// document is the YAML of a file: one document, aliases known.
type document struct {
	root    ast.Node // nil where the file holds nothing but comments
	aliases map[*ast.AliasNode]ast.Node
}

// parse reads UTF-8 YAML with line ends of any system. The error is a
// Problems with one entry.
func parse(file string, content []byte) (document, error) {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	content = bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))
	if at := invalidUTF8(content); at >= 0 {
		return document{}, Problems{notUTF8(file, content[:at])}
	}
	tree, err := parser.ParseBytes(content, 0)
	if err != nil {
		return document{}, Problems{syntaxProblem(file, err)}
	}
	if len(tree.Docs) > 1 {
		return document{}, Problems{problemAt(file, tree.Docs[1].Start, "must be one YAML document; a second one starts here")}
	}
	doc := document{aliases: map[*ast.AliasNode]ast.Node{}}
	if len(tree.Docs) == 1 && tree.Docs[0].Body != nil {
		doc.root = tree.Docs[0].Body
		ast.Walk(&aliasVisitor{anchors: map[string]ast.Node{}, targets: doc.aliases}, doc.root)
	}
	return doc, nil
}

// invalidUTF8 is the offset of the first byte that is no UTF-8, or -1.
func invalidUTF8(content []byte) int {
	for at := 0; at < len(content); {
		r, size := utf8.DecodeRune(content[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

func notUTF8(file string, before []byte) Problem {
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	return Problem{
		File: file, Line: 1 + bytes.Count(before, []byte("\n")), Column: 1 + utf8.RuneCount(line),
		Message: "must be UTF-8",
	}
}

func problemAt(file string, tok *token.Token, message string) Problem {
	m := Problem{File: file, Line: 1, Column: 1, Message: message}
	if tok != nil && tok.Position != nil {
		m.Line, m.Column = tok.Position.Line, tok.Position.Column
	}
	return m
}

// duplicateKey is the parser's message of a key that stands twice in one mapping.
var duplicateKey = regexp.MustCompile(`^mapping key "(.*)" already defined at \[(\d+):(\d+)\]$`)

// syntaxMistake is the parser's error without its excerpt of the file, which
// may show an API key.
func syntaxProblem(file string, err error) Problem {
	syntax, ok := errors.AsType[yaml.Error](err)
	if !ok {
		return Problem{File: file, Line: 1, Column: 1, Message: "is not valid YAML"}
	}
	return problemAt(file, syntax.GetToken(), syntaxMessage(syntax.GetMessage()))
}

func syntaxMessage(message string) string {
	if parts := duplicateKey.FindStringSubmatch(message); parts != nil {
		return fmt.Sprintf("%s stands twice; the first is at line %s, column %s", shownName(parts[1], "a field"), parts[2], parts[3])
	}
	// Double quotes hold text of the file in some of the parser's messages.
	if strings.Contains(message, `"`) {
		return "is not valid YAML here"
	}
	return "is not valid YAML: " + message
}

// fieldName is what a name looks like that may be repeated in an error. Keys
// of Dify apps are longer and have digits.
var fieldName = regexp.MustCompile(`^[A-Za-z_-]{1,24}$`)

// shownName is the name of a field, or the substitute for one that might be a
// secret.
func shownName(name, substitute string) string {
	if fieldName.MatchString(name) {
		return name
	}
	return substitute
}

// aliasVisitor finds for each alias the anchor that it means: the last one of
// its name before it.
type aliasVisitor struct {
	anchors map[string]ast.Node
	targets map[*ast.AliasNode]ast.Node
}

// Visit implements ast.Visitor, whose walk is in the file's order.
func (v *aliasVisitor) Visit(node ast.Node) ast.Visitor {
	switch node := node.(type) {
	case *ast.AnchorNode:
		v.anchors[node.Name.GetToken().Value] = node.Value
	case *ast.AliasNode:
		v.targets[node] = v.anchors[node.Value.GetToken().Value]
	}
	return v
}

// resolve gives the node that an alias means or that an anchor marks. It is
// nil for an alias of nothing.
func (d document) resolve(node ast.Node) ast.Node {
	switch marked := node.(type) {
	case *ast.AliasNode:
		return d.aliases[marked]
	case *ast.AnchorNode:
		return marked.Value
	default:
		return node
	}
}
