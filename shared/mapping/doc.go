// Package mapping is the field sheet: which field stands where on either side, and the codecs that turn
// the values of both systems into canonical text and back. It is pure: the packages opportunities and
// referrals read and write records with it. Nothing else parses what a system answered.
//
//	the sheet                   sheet.go: rows, compiled once; sheet_parse.go and sheet_yaml.go read it, sheet_check.go and sheet_meaning.go name mistakes;
//	                            aside.go: what an upgrade changed below a pushed one
//	what a row says             values.go, match.go, tables.go, formula.go, leads.go, creation.go, years.go: what changes each July
//	where it stands             place.go: in CRM; pointer.go and paths.go: in a referral; registration.go: what a won deal is registered by
//	what CRM has                schema.go, schema_standard.go: as shipped; facts.go: as its metadata says; columns.go: what is read
//	values                      codec.go, and codec_text.go, codec_number.go, codec_date.go, codec_choice.go, codec_own.go, codec_list.go,
//	                            codec_country.go, codec_status.go, codec_reason.go, codec_stage.go, codec_size.go
//	texts and names             clean.go, cut.go, company.go, company_parts.go: when two customers are one
//	for the heart               rules.go; named.go: which field a refusal speaks of
//	for people                  examine.go, differences.go, markdown.go, schema_json.go
package mapping
