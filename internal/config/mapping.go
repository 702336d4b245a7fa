package config

import (
	"github.com/goccy/go-yaml/ast"
)

// pairs are the keys and values of a mapping: its own first, then those that
// it merges in (<<), of which a name that came before hides the later ones.
func (d *decoder) pairs(node ast.Node) ([]*ast.MappingValueNode, bool) {
	return d.collect(node, map[ast.Node]bool{})
}

// collect visits each mapping once: a second visit adds no name, and a mapping
// may merge itself.
func (d *decoder) collect(node ast.Node, visited map[ast.Node]bool) ([]*ast.MappingValueNode, bool) {
	mapping, ok := d.resolve(node).(*ast.MappingNode)
	if !ok || visited[mapping] {
		return nil, ok
	}
	visited[mapping] = true
	var own, merged []*ast.MappingValueNode
	for _, pair := range mapping.Values {
		if pair.Key.IsMergeKey() {
			merged = append(merged, d.merge(pair, visited)...)
		} else {
			own = append(own, pair)
		}
	}
	return append(own, merged...), true
}

// merge gives the pairs of the mapping, or list of mappings, behind a <<.
func (d *decoder) merge(pair *ast.MappingValueNode, visited map[ast.Node]bool) []*ast.MappingValueNode {
	sources := []ast.Node{pair.Value}
	if list, ok := d.resolve(pair.Value).(*ast.SequenceNode); ok {
		sources = list.Values
	}
	var merged []*ast.MappingValueNode
	for _, source := range sources {
		pairs, ok := d.collect(source, visited)
		if !ok {
			d.found.add("<<", placeOf(source), "must be the alias of a mapping")
		}
		merged = append(merged, pairs...)
	}
	return merged
}

// keyText is the name that a key spells. Keys that are no text give a name
// that no field has.
func keyText(key ast.Node) string {
	if text, _, ok := scalarText(key); ok {
		return text
	}
	return ""
}
