// A small picture server on govips: GET /SIDE/NAME answers the JPEG of a file in DIR, scaled into a box of SIDE×SIDE pixels.
// `server PORT DIR QUALITY` listens on 127.0.0.1.
package main

import (
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/davidbyttow/govips/v2/vips"
)

func main() {
	port, dir := os.Args[1], os.Args[2]
	quality, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	vips.LoggingSettings(nil, vips.LogLevelError)
	vips.Startup(nil)
	defer vips.Shutdown()

	http.HandleFunc("/", func(response http.ResponseWriter, request *http.Request) {
		parts := strings.Split(strings.Trim(request.URL.Path, "/"), "/")
		if len(parts) != 2 {
			http.Error(response, "Expected /SIDE/NAME", http.StatusNotFound)
			return
		}
		side, err := strconv.Atoi(parts[0])
		if err != nil || side < 1 {
			http.Error(response, "Expected SIDE to be a number of pixels", http.StatusBadRequest)
			return
		}
		picture, err := vips.NewThumbnailFromFile(filepath.Join(dir, filepath.Base(parts[1])), side, side, vips.InterestingNone)
		if err != nil {
			http.Error(response, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		defer picture.Close()
		options := vips.NewJpegExportParams()
		options.Quality = quality
		bytes, _, err := picture.ExportJpeg(options)
		if err != nil {
			http.Error(response, err.Error(), http.StatusInternalServerError)
			return
		}
		response.Header().Set("Content-Type", "image/jpeg")
		response.Write(bytes)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}
