package dataverse

import (
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/jsonread"
)

// The definitions of a table's columns are the longest answers that are read, seven and more for each table, so they are read
// member by member. What is kept of them is kept for an hour, and so apart from the text.

// readAttributes reads a list of columns; false: it is none.
func readAttributes(body []byte) (list []wireAttribute, ok bool) {
	text := jsonread.Of(string(body))
	text.Object(func(name string) {
		if name != "value" || text.Null() {
			return
		}
		list = []wireAttribute{}
		text.List(func() {
			list = append(list, readAttribute(text))
		})
	})
	return list, text.End() == nil && list != nil
}

func readAttribute(text *jsonread.Reader) (a wireAttribute) {
	text.Object(func(name string) {
		switch name {
		case "LogicalName":
			a.LogicalName = strings.Clone(text.Text())
		case "AttributeType":
			a.AttributeType = strings.Clone(text.Text())
		case "DisplayName":
			a.DisplayName = readLabel(text)
		case "CreatedOn":
			a.CreatedOn = text.Time()
		case "IsSecured":
			a.IsSecured = text.Flag()
		case "IsValidForCreate":
			a.Fixed = !text.Null() && !text.Flag()
		case "IsValidForUpdate":
			a.ReadOnly = !text.Null() && !text.Flag()
		case "RequiredLevel":
			a.RequiredLevel = readValue(text)
		case "MaxLength":
			a.MaxLength = text.Int()
		case "Targets":
			a.Targets = nil
			text.List(func() { a.Targets = append(a.Targets, strings.Clone(text.Text())) })
		case "DateTimeBehavior":
			a.Behavior = readValue(text)
		case "Format":
			a.Format = strings.Clone(text.Text())
		case "OptionSet":
			a.OptionSet = readOptions(text)
		case "GlobalOptionSet":
			a.Global = readOptions(text)
		}
	})
	return a
}

// readValue reads a text that stands in an object of its own.
func readValue(text *jsonread.Reader) (value string) {
	text.Object(func(name string) {
		if name == "Value" {
			value = strings.Clone(text.Text())
		}
	})
	return value
}

func readOptions(text *jsonread.Reader) (out wireOptions) {
	text.Object(func(name string) {
		switch name {
		case "Options":
			text.List(func() { out.options = append(out.options, readOption(text)) })
		case "TrueOption":
			if !text.Null() {
				yes := readOption(text)
				out.yes = &yes
			}
		case "FalseOption":
			if !text.Null() {
				no := readOption(text)
				out.no = &no
			}
		}
	})
	return out
}

func readOption(text *jsonread.Reader) (o wireOption) {
	text.Object(func(name string) {
		switch name {
		case "Value":
			o.value = text.Int()
		case "State":
			o.state = text.Int()
		case "Label":
			o.label = readLabel(text)
		}
	})
	return o
}

func readLabel(text *jsonread.Reader) (out wireLabel) {
	text.Object(func(name string) {
		if name != "LocalizedLabels" {
			return
		}
		text.List(func() {
			var one wireText
			text.Object(func(name string) {
				switch name {
				case "Label":
					one.text = strings.Clone(text.Text())
				case "LanguageCode":
					one.language = text.Int()
				}
			})
			out = append(out, one)
		})
	})
	return out
}
