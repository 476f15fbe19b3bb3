package mapping

import (
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"go.yaml.in/yaml/v3"
)

// The ways in which the account of a customer is found, as the key match of the row customerName lists them.
const (
	MatchIDs    = "ids"    // an id of the customer, as DUNS: the rows whose path goes into /customerProfile/ids
	MatchName   = "name"   // name, postal code and country
	MatchDomain = "domain" // the domain of a contact's e-mail
)

// Matching are the ways in which the account of a customer is found, in their order.
func (s *Sheet) Matching() []string {
	if r, ok := s.Row(cosell.CustomerName); ok && len(r.Match) > 0 {
		return r.Match
	}
	return []string{MatchName}
}

// setMatch reads the ways.
func (l *loader) setMatch(r *Row, v *yaml.Node, where string) {
	const allowed = MatchIDs + ", " + MatchName + ", " + MatchDomain
	var ways []string
	switch {
	case r.Field != cosell.CustomerName:
		l.mistake(where, "the field customerName", "match stands in the field %s", r.Field)
	case hasAlias(v) || v.Decode(&ways) != nil || len(ways) == 0:
		l.mistake(where, "a list like [ids, name, domain]", "match cannot be read")
	default:
		for i, way := range ways {
			l.oneOf(where, "a way of match", way, allowed)
			if slices.Contains(ways[:i], way) {
				l.mistake(where, "each way once", "match has %s twice", way)
			}
		}
		r.Match = ways
	}
}

// CompanyDomain is the domain of an e-mail address if it is a company's own; "" for one that anybody can have.
func CompanyDomain(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return ""
	}
	domain := strings.ToLower(strings.TrimSpace(email[at+1:]))
	if !strings.Contains(domain, ".") || slices.Contains(strings.Fields(publicDomains), domain) {
		return ""
	}
	return domain
}

// publicDomains are those of providers whose addresses say nothing about a company.
const publicDomains = `gmail.com googlemail.com outlook.com outlook.de outlook.fr hotmail.com hotmail.de hotmail.fr hotmail.co.uk live.com live.de live.fr
msn.com yahoo.com yahoo.de yahoo.fr yahoo.co.uk yahoo.co.jp ymail.com icloud.com me.com mac.com aol.com gmx.de gmx.net gmx.at gmx.ch gmx.com web.de
t-online.de freenet.de orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it tiscali.it alice.it mail.ru yandex.ru bk.ru qq.com 163.com
126.com sina.com naver.com daum.net proton.me protonmail.com pm.me mail.com zoho.com fastmail.com hey.com comcast.net verizon.net att.net bluewin.ch
telenet.be skynet.be ziggo.nl kpnmail.nl planet.nl telia.com seznam.cz wp.pl onet.pl o2.pl interia.pl btinternet.com sky.com bigpond.com rediffmail.com`
