package config

import (
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// decoder fills a Config from a document. The library's own strict decoding
// stops at the first mistake, and takes what must not be taken: 1.5 for the
// number 1, true and 007 for the texts true and 7, an empty item for an app.
// A duration that is none has no place in its errors, which repeat the value.
// Of mappings that are merged, the last one wins there, even over the fields
// that stand beside the merge. This walk over its syntax tree does better.
type decoder struct {
	document
	variables map[string]string
	found     *report
}

// decode fills cfg, whose defaults stand where the document is silent.
func decode(doc document, variables map[string]string, cfg *Config, found *report) {
	d := decoder{document: doc, variables: variables, found: found}
	if doc.root != nil {
		d.object(doc.root, reflect.ValueOf(cfg).Elem(), "")
	}
}

// object fills the struct into from a mapping.
func (d *decoder) object(node ast.Node, into reflect.Value, path string) {
	fields := fieldsOf(into.Type())
	pairs, ok := d.pairs(node)
	if !ok {
		d.found.require(path, "must be a mapping of "+fields.list())
		return
	}
	done := map[string]bool{}
	for _, pair := range pairs {
		name := keyText(pair.Key)
		index, known := fields.index[name]
		switch {
		case done[name]: // merged in, and set by the mapping itself
		case !known:
			d.unknown(pair.Key, fields, path)
		default:
			done[name] = true
			d.value(pair.Value, into.Field(index), child(path, name))
		}
	}
}

// unknown reports a name that no field has.
func (d *decoder) unknown(key ast.Node, fields fields, path string) {
	name := keyText(key)
	meant, ok := fields.closest(name)
	message := "is no field here; known: " + fields.list()
	if ok {
		message = "is no field here; did you mean " + meant + "?"
		d.found.misspelt[child(path, meant)] = true
	}
	d.found.add(child(path, shownName(name, "…")), placeOf(key), message)
}

// value fills one field. A null is as good as nothing.
func (d *decoder) value(node ast.Node, into reflect.Value, path string) {
	resolved := d.resolve(node)
	if _, null := resolved.(*ast.NullNode); null {
		return
	}
	d.found.places[path] = placeOf(node)
	switch resolved.(type) {
	case nil:
		d.found.require(path, "is an alias without an anchor of that name before it")
	case *ast.TagNode:
		d.found.require(path, "must stand without a YAML tag")
	default:
		d.field(resolved, into, path)
	}
}

// field fills one field from a node that stands for itself.
func (d *decoder) field(node ast.Node, into reflect.Value, path string) {
	switch target := into.Addr().Interface().(type) {
	case *Auth:
		d.auth(node, target, path)
	case *Grant:
		d.grant(node, target, path)
	case *string, *Secret, *int, *bool, *time.Duration:
		d.scalar(node, target, path)
	default:
		d.composite(node, into, path)
	}
}

func (d *decoder) composite(node ast.Node, into reflect.Value, path string) {
	if into.Kind() == reflect.Slice {
		d.list(node, into, path)
		return
	}
	d.object(node, into, path)
}

// list fills a slice of structs or of texts.
func (d *decoder) list(node ast.Node, into reflect.Value, path string) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		d.found.require(path, requirement(path))
		return
	}
	for i, item := range list.Values {
		element, itemPath := reflect.New(into.Type().Elem()).Elem(), fmt.Sprintf("%s[%d]", path, i)
		d.found.places[itemPath] = placeOf(item)
		if element.Kind() == reflect.Struct {
			setDefaults(element)
			d.object(item, element, itemPath)
		} else {
			d.value(item, element, itemPath)
		}
		into.Set(reflect.Append(into, element))
	}
}

// auth takes the word none, or a mapping.
func (d *decoder) auth(node ast.Node, into *Auth, path string) {
	if _, isMapping := d.pairs(node); isMapping {
		d.object(node, reflect.ValueOf(into).Elem(), path)
		return
	}
	var word string
	d.scalar(node, &word, path)
	if into.None = word == authNone; !into.None {
		d.found.require(path, requirement(path))
	}
}

// grant takes a list, or a mapping.
func (d *decoder) grant(node ast.Node, into *Grant, path string) {
	if _, isList := node.(*ast.SequenceNode); isList {
		d.list(node, reflect.ValueOf(&into.List).Elem(), path)
		return
	}
	if _, isMapping := d.pairs(node); !isMapping {
		d.found.require(path, requirement(path))
		return
	}
	d.object(node, reflect.ValueOf(into).Elem(), path)
}

// scalar sets target, a pointer to one of assign's types.
func (d *decoder) scalar(node ast.Node, target any, path string) {
	text, isText, ok := scalarText(node)
	if isText {
		expanded, err := expand(text, d.variables)
		if err != nil {
			d.found.require(path, err.Error())
			return
		}
		text = expanded
	}
	switch {
	case !ok:
		d.found.require(path, requirement(path))
	case !isText && wantsText(target):
		d.found.require(path, requirement(path)+"; YAML takes this for a number or a truth value, put it in quotes")
	case !assign(target, text):
		d.found.require(path, requirement(path))
	}
}

// scalarText is the text of a scalar as it stands in the file, and whether
// YAML takes it for a text too, rather than for a number or a truth value.
func scalarText(node ast.Node) (text string, isText, ok bool) {
	switch node := node.(type) {
	case *ast.StringNode:
		return node.Value, true, true
	case *ast.LiteralNode:
		return node.Value.Value, true, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return node.GetToken().Value, false, true
	default:
		return "", false, false
	}
}

func wantsText(target any) bool {
	switch target.(type) {
	case *string, *Secret:
		return true
	default:
		return false
	}
}

// assign sets target to what text means in target's type, and tells whether
// it means anything there.
func assign(target any, text string) bool {
	var err error
	switch target := target.(type) {
	case *string:
		*target = text
	case *Secret:
		*target = NewSecret(text)
	case *int:
		*target, err = strconv.Atoi(text)
	case *bool:
		*target = text == "true"
		return text == "true" || text == "false"
	case *time.Duration:
		*target, err = time.ParseDuration(text)
	}
	return err == nil
}

// placeOf is where a node starts. The token of a mapping in block style is its
// first colon, so that its first key is asked.
func placeOf(node ast.Node) place {
	if mapping, ok := node.(*ast.MappingNode); ok && !mapping.IsFlowStyle && len(mapping.Values) > 0 {
		node = mapping.Values[0].Key
	}
	position := node.GetToken().Position
	return place{line: position.Line, column: position.Column}
}
