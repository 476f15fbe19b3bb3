// Package spelling says how like two names are, for errors that name what was probably meant.
package spelling

// Distance is how many bytes have to be added, taken away or changed to make one text of the other.
// https://en.wikipedia.org/wiki/Levenshtein_distance
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before, row[j+1] = row[j+1], min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
