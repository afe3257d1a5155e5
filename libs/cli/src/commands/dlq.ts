import { integerFlag } from "@pixelmesh/flag-values";
import type { Command } from "commander";
import type { CliIo } from "../io.ts";
import { withMesh } from "../mesh-client/with-mesh.ts";
import { addressOption } from "../options/address-option.ts";

type Options = { readonly address: string; readonly json?: true };

/** Adds `dlq list|show|replay|drop`. */
export function addDlq(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  const dlq = program
    .command("dlq")
    .summary("list, show, replay or drop dead letters")
    .description("Dead letters: messages that could not be processed.");
  const command = (name: string, description: string) =>
    dlq.command(name).description(description).addOption(addressOption()).option("--json", "print JSON");
  const toSequence = integerFlag("sequence", 1, Number.MAX_SAFE_INTEGER);
  const signal = io.stopping;

  command("list", "Lists them, oldest first.")
    .option("--limit <n>", "maximum number", integerFlag("--limit", 1, 100_000), 50)
    .action(async (options: Options & { limit: number }) => {
      const { describeDeadLetters } = await import("../format/describe-dead-letter.ts");
      const found = await withMesh(io, options.address, async ({ deadLetters }) => {
        const list = [];
        for await (const letter of deadLetters.list({ signal })) {
          list.push(letter);
          if (list.length === options.limit) break;
        }
        return list;
      });
      io.stdout.write(describeDeadLetters(found, options.json === true));
      finish(0);
    });

  command("show <sequence>", "Shows one: where it came from, why it is here, and its message.").action(
    async (text: string, options: Options) => {
      const sequence = toSequence(text);
      const { describeDeadLetter } = await import("../format/describe-dead-letter.ts");
      const found = await withMesh(io, options.address, ({ deadLetters }) => deadLetters.get(sequence, { signal }));
      io.stdout.write(describeDeadLetter(found, options.json === true));
      finish(0);
    },
  );

  command("replay <sequence>", "Tries it again: work of an ended job as a new job, else as the message it was.").action(
    async (text: string, options: Options) => {
      const sequence = toSequence(text);
      const jobId = await withMesh(io, options.address, ({ deadLetters }) => deadLetters.replay(sequence, { signal }));
      const said = jobId === "" ? "back in its queue" : `new job ${jobId}`;
      io.stdout.write(options.json ? `${JSON.stringify({ sequence, jobId })}\n` : `${sequence}  ${said}\n`);
      finish(0);
    },
  );

  command("drop <sequence>", "Forgets it.").action(async (text: string, options: Options) => {
    const sequence = toSequence(text);
    await withMesh(io, options.address, ({ deadLetters }) => deadLetters.drop(sequence, { signal }));
    io.stdout.write(options.json ? `${JSON.stringify({ sequence })}\n` : `${sequence}  dropped\n`);
    finish(0);
  });
}
