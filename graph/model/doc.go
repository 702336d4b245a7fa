// Package model has the objects of the schema as gqlgen binds them: one thin struct per object, an app and its row, whose
// methods and promoted fields are the schema's fields. Nothing is copied out of a row, and nothing here calls Dify.
//
// A new field that Dify's row has needs a field in difyapi and one in the schema. Where their types or names differ, a
// method here has the schema's name.
package model
