# lex.awk - split each line of C into what the checks of lint want to see apart:
#   FILE:LINE <tab> code with literals emptied <tab> code with literals <tab> comments
# A tab in the source becomes a blank.

FNR == 1 { state = "code" }

{
	line = $0
	gsub(/\t/, " ", line)
	code = text = comment = ""
	while (line != "") {
		if (state == "comment") {
			end = index(line, "*/")
			if (end == 0) {
				comment = comment line
				line = ""
			} else {
				comment = comment substr(line, 1, end - 1) " "
				line = substr(line, end + 2)
				state = "code"
			}
			continue
		}
		if (!match(line, /["']|\/\*|\/\//)) {
			code = code line
			text = text line
			break
		}
		code = code substr(line, 1, RSTART - 1)
		text = text substr(line, 1, RSTART - 1)
		mark = substr(line, RSTART, RLENGTH)
		line = substr(line, RSTART + RLENGTH)
		if (mark == "/*") {
			state = "comment"
			code = code " "
			text = text " "
		} else if (mark == "//") {
			comment = comment line
			line = ""
		} else {
			literal = mark == "\"" ? "^([^\"\\\\]|\\\\.)*\"" : "^([^'\\\\]|\\\\.)*'"
			if (!match(line, literal))
				RLENGTH = length(line)
			code = code mark mark
			text = text mark substr(line, 1, RLENGTH)
			line = substr(line, RLENGTH + 1)
		}
	}
	printf "%s:%d\t%s\t%s\t%s\n", FILENAME, FNR, code, text, comment
}
