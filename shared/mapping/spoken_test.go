package mapping_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

const twoOwn = `
- {field: first, referral: /details/requirements/additionalRequirements/attributes/type=first/id, crm: new_first, as: text}
- {field: second, referral: /details/requirements/additionalRequirements/attributes/type=second/id, crm: new_second, as: text}
`

// ownColumns is a world whose opportunities have two columns more, with their labels in English and German.
func ownColumns(t *testing.T, first, second [2]string) (*world, cosell.Opportunity) {
	t.Helper()
	w := newWorld(t, twoOwn)
	for column, label := range map[string][2]string{"new_first": first, "new_second": second} {
		german, _ := json.Marshal(label[1])
		english, _ := json.Marshal(label[0])
		w.administrator(t, fmt.Sprintf(`{"do":"add","table":"opportunity","column":%q,"type":"String","length":50,"label":%s,"labels":{"1031":%s}}`, column, english, german))
	}
	if found := mismatches(t, w); len(found) != 0 {
		t.Fatalf("found %v", found)
	}
	return w, w.sellersDeal(t)
}

// refusing makes the CRM refuse a change of the column with these words.
func refusing(t *testing.T, w *world, table, column, words string) {
	t.Helper()
	message, err := json.Marshal(words)
	if err != nil {
		t.Fatal(err)
	}
	w.post(t, "/rules", fmt.Sprintf(`{"match":{"table":%q,"column":%q},"message":%s}`, table, column, message))
	*w.now = w.now.Add(2 * time.Minute)
}

// A refusal that names no column is about the field whose label stands in its words, if there is but one.
func TestAPluginsWordsAreAboutTheFieldTheySpeakOf(t *testing.T) {
	for name, tt := range map[string]struct {
		first, second [2]string // labels
		says          string
		want          string
	}{
		"ItsLabel":                   {[2]string{"Budget"}, [2]string{"Margin"}, "The Budget is missing.", "first"},
		"WhateverTheCase":            {[2]string{"Budget"}, [2]string{"Margin"}, "BUDGET MISSING", "first"},
		"InAnotherLanguage":          {[2]string{"Budget", "Haushaltsmittel"}, [2]string{"Margin", "Spanne"}, "Die Haushaltsmittel fehlen.", "first"},
		"NotAPieceOfAWord":           {[2]string{"Budget"}, [2]string{"Margin"}, "Budgetary rules apply.", ""},
		"NorTheEndOfOne":             {[2]string{"Budget"}, [2]string{"Margin"}, "Think of the Subbudget.", ""},
		"AfterAPieceOfAWord":         {[2]string{"Budget"}, [2]string{"Margin"}, "Budgetary rules apply: Budget is missing.", "first"},
		"TheLongestLabel":            {[2]string{"Budget"}, [2]string{"Budget owner"}, "Budget owner is missing.", "second"},
		"TheLongestLabelComesFirst":  {[2]string{"Budget owner"}, [2]string{"Budget"}, "Budget owner is missing.", "first"},
		"TwoAreMeant":                {[2]string{"Budget"}, [2]string{"Margin"}, "Budget and Margin do not fit.", ""},
		"TooShortToBeSure":           {[2]string{"Tax"}, [2]string{"Margin"}, "Tax is missing.", ""},
		"ShortWithALetterOfItsOwn":   {[2]string{"Maß"}, [2]string{"Margin"}, "Maß fehlt.", "first"},
		"ShortInChinese":             {[2]string{"预算"}, [2]string{"Margin"}, "请填写预算后再保存。", "first"},
		"InJapaneseWithAParticle":    {[2]string{"カテゴリ"}, [2]string{"Margin"}, "カテゴリを入力してください。", "first"},
		"InJapaneseInAWordOfLetters": {[2]string{"しめきり"}, [2]string{"Margin"}, "まずしめきりをきめてください。", "first"},
		"InAWordOfKatakana":          {[2]string{"カテゴリ"}, [2]string{"Margin"}, "メインカテゴリがありません。", "first"},
		"InKoreanWithAParticle":      {[2]string{"예산"}, [2]string{"Margin"}, "예산은 필수입니다.", "first"},
		"InThaiWithoutBlanks":        {[2]string{"งบประมาณ"}, [2]string{"Margin"}, "กรุณาระบุงบประมาณก่อน", "first"},
	} {
		t.Run(name, func(t *testing.T) {
			w, o := ownColumns(t, tt.first, tt.second)
			refusing(t, w, "opportunity", "new_first", tt.says)
			_, err := w.opportunities.Put(context.Background(), o, cosell.Record{"first": "x", "second": "y"})
			if e := fault.Of(err); e == nil || fault.ClassOf(err) != fault.Record || e.Field != tt.want || e.Guessed != (tt.want != "") {
				t.Errorf("%q: %+v", tt.says, e)
			}
		})
	}
}

// The tick before the name is no field that a plug-in speaks of; a member of a list is.
func TestAPluginsWordsAreAboutWhatWasSent(t *testing.T) {
	for name, tt := range map[string]struct {
		table, column, says string
		values              cosell.Record
		want                string
	}{
		"TheNameWithItsMark": {"opportunity", "name", "Topic is not allowed.", cosell.Record{cosell.Name: "New", cosell.Mark: cosell.MarkOK}, "name"},
		"NothingOfIt":        {"opportunity", "new_first", "Margin is missing.", cosell.Record{"first": "x"}, ""},
		"ASolution": {"cosell_solution", "cosell_price", "Microsoft Solutions are closed for changes.",
			cosell.Record{"first": "x", "solutions/SOL-12345-ABC": `{"price":"11","quantity":"2","currency":"EUR"}`}, "solutions"},
	} {
		t.Run(name, func(t *testing.T) {
			w, o := ownColumns(t, [2]string{"Budget"}, [2]string{"Margin"})
			refusing(t, w, tt.table, tt.column, tt.says)
			_, err := w.opportunities.Put(context.Background(), o, tt.values)
			if e := fault.Of(err); e == nil || e.Field != tt.want {
				t.Errorf("%+v", e)
			}
		})
	}
}
