// The SDK from CommonJS: prints the effects that a mesh has.
const { connectPixelmesh } = require("@pixelmesh/client");

const mesh = connectPixelmesh({ address: process.env.PIXELMESH_ADDRESS ?? "127.0.0.1:7400" });
mesh
  .effects()
  .then((effects) => console.log(effects.map(({ name }) => name).join("\n")))
  .finally(() => mesh.close());
